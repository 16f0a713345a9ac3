import type { Socket } from 'node:net';
import { type Cbor, type Receipt, sealTransit, toHex } from '../../protocol/index.ts';
import type { Received } from '../../schemas/index.ts';
import type { Clock, Random } from '../pipeline/clock.ts';
import type { Signals } from '../pipeline/events.ts';
import type { Faults } from '../pipeline/faults.ts';
import type { Log } from '../pipeline/log.ts';
import type { Metrics } from '../pipeline/metrics.ts';
import type { Admission } from '../pipeline/ports/admission.ts';
import type { AppSchemas } from '../pipeline/ports/app-schemas.ts';
import type { Apps } from '../pipeline/ports/apps.ts';
import type { Blobs } from '../pipeline/ports/blobs.ts';
import { type Clusters, DEFAULT_CLUSTER } from '../pipeline/ports/clusters.ts';
import type { Codec } from '../pipeline/ports/codec.ts';
import type { Consents } from '../pipeline/ports/consents.ts';
import type { IndexStore } from '../pipeline/ports/index-store.ts';
import type { LogWriter } from '../pipeline/ports/log.ts';
import type { Positions } from '../pipeline/ports/positions.ts';
import type { Removals } from '../pipeline/ports/removals.ts';
import type { RemovedEvents } from '../pipeline/ports/removed-events.ts';
import type { Requests } from '../pipeline/ports/requests.ts';
import type { SettlementProofs } from '../pipeline/ports/settlement-proofs.ts';
import type { SettlementStatus } from '../pipeline/ports/settlement-status.ts';
import type { Vault } from '../pipeline/ports/vault.ts';
import type { SegmentSource } from '../pipeline/segment-reader.ts';
import { createAcceptBatch } from './accept-batch.ts';
import { addressesOf } from './addresses.ts';
import { createAppRegister } from './app-register.ts';
import type { Audit } from './audit.ts';
import { createAuth } from './auth/bearer.ts';
import { createVerifyToken } from './auth/credentials.ts';
import type { RevokedTokens } from './auth/revoked-tokens.ts';
import { createBatchRoute } from './batch-route.ts';
import { createBatchStatuses } from './batch-status.ts';
import type { BlobCluster } from './blobs/clusters.ts';
import { createBodyBudget } from './body-budget.ts';
import { isBlobUpload } from './groups/blobs.ts';
import type { ApiExports } from './groups/exports.ts';
import { allRoutes } from './groups/index.ts';
import type { ApiReplays } from './groups/replays.ts';
import { createCallers } from './guard/callers.ts';
import { createCors } from './guard/cors.ts';
import { createEntrance } from './guard/entrance.ts';
import { createRequestIds } from './guard/request-id.ts';
import { createClientAddress, limitKey, type TrustedProxies } from './limits/client-address.ts';
import { createLimiter, type Limit } from './limits/limiter.ts';
import { createLoadGate, type LoadGate } from './limits/load-gate.ts';
import type { Quotas } from './limits/quotas.ts';
import { createTurns } from './limits/turns.ts';
import { createReadiness, type Dependency } from './readiness.ts';
import { createRoutes } from './routes.ts';
import { type ApiServer, listen, type ServerOptions } from './server.ts';
import { createSharedLoad } from './shared-load.ts';
import { createSharedSends, type SendLimits } from './shared-sends.ts';
import { createTelemetry } from './telemetry.ts';
import { createVerify, type Verify } from './verify.ts';

/** Memory that requests may take: bodies with large answers, and records that wait for their send. */
export interface ApiLimits extends SendLimits {
  readonly bodyBytes: number;
  /** Of one client address, and of one key that calls; null: none. */
  readonly address: Limit | null;
  readonly caller: Limit | null;
  /** Expected wait beyond which a batch is refused, milliseconds; null: none. */
  readonly waitMs: number | null;
}

const MIB = 1024 * 1024;
const DEFAULT_LIMITS: ApiLimits = {
  ...{ bodyBytes: 96 * MIB, waitingBytes: 16 * MIB, walletBytes: 8 * MIB },
  ...{ address: null, caller: null, waitMs: null },
};

export interface ApiDeps {
  readonly network: string;
  /** Of the SS58 addresses in answers. */
  readonly ss58Prefix: number;
  /** Full name of `ddc.batches.received`, prefix included. */
  readonly topic: string;
  readonly partitions: number;
  readonly partitionOf: (wallet: Uint8Array, partitions: number) => number;
  readonly writer: LogWriter;
  readonly codec: Codec<Received>;
  readonly vault: Pick<Vault, 'transit' | 'roots' | 'scopeKeys' | 'prepare'>;
  /** Where segments are read and blobs are kept, by name. */
  readonly clusters: ReadonlyMap<string, BlobCluster & SegmentSource>;
  readonly blobs: Blobs;
  /** Which wallet is in which cluster. */
  readonly placement: Pick<Clusters, 'of'>;
  /** Names that wallets may choose from, the default one first. Default: it alone. */
  readonly clusterNames?: readonly string[];
  readonly random: Pick<Random, 'bytes'>;
  /** 32 bytes: what cursors are sealed with, the same in every process. */
  readonly cursorKey: Uint8Array;
  readonly revokedTokens: RevokedTokens;
  readonly requests: Requests;
  readonly consents: Consents;
  readonly exports: ApiExports;
  readonly replays: ApiReplays;
  readonly removals: Pick<Removals, 'find' | 'list' | 'progress'>;
  /** Asked last before an event is written to anybody. */
  readonly removedEvents: RemovedEvents;
  /** 32 bytes: what receipts are signed with. */
  readonly receiptKey: Uint8Array;
  /** With the secret half of `receiptKey`. */
  readonly signReceipt: (payload: { [name: string]: Cbor }) => Receipt;
  readonly faults: Pick<Faults, 'reach'>;
  readonly admission: Pick<Admission, 'origins'>;
  readonly apps: Apps;
  readonly quotas: Quotas;
  readonly audit: Audit;
  /** What `/readyz` tells of. */
  readonly dependencies: readonly Dependency[];
  /** Default: none. */
  readonly trustedProxies?: TrustedProxies;
  /** Default 0: not behind TLS. */
  readonly hstsSeconds?: number;
  readonly positions: Pick<Positions, 'load'>;
  readonly index: Pick<
    IndexStore,
    'batches' | 'ofWallet' | 'withEvent' | 'checkpoints' | 'selected' | 'inOrder' | 'sequences' | 'written'
  >;
  readonly settlement: SettlementStatus;
  readonly settlements: SettlementProofs;
  readonly schemas: AppSchemas;
  readonly clock: Pick<Clock, 'now'>;
  /** Milliseconds, monotonic: how long something takes. */
  readonly elapsed: () => number;
  readonly signals: Pick<Signals, 'emit'>;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly version: string;
  /** A script that signs what the page /docs sends; only where everybody has the keys. */
  readonly docsPanel?: string;
  /** Default: on this thread. */
  readonly verify?: Verify;
  /** Default: `crypto_box_seal`. Only a sandbox's control experiment puts anything else here. */
  readonly seal?: (publicKey: Uint8Array, body: Uint8Array) => Uint8Array;
  readonly limits?: Partial<ApiLimits>;
}

/** Most keys of one look-up; the vault's and the index's own limit. */
const SHARED = 1_000;
/** Milliseconds of work on batches in one turn of the event loop: one large batch, or some of one event. */
const TURN_MS = 1;

/** The API on these edges, listening. */
export async function startApi(
  deps: ApiDeps,
  server: Pick<ServerOptions, 'port'> & Partial<ServerOptions>,
): Promise<ApiServer> {
  const limits = { ...DEFAULT_LIMITS, ...deps.limits };
  const telemetry = createTelemetry(deps.log, deps.metrics, deps.clock.now);
  const budget = createBodyBudget(limits.bodyBytes);
  const sends = createSharedSends(deps.writer, deps.topic, limits);
  const apps = createAppRegister(deps.apps, deps.clock.now);
  const limiter = createLimiter(limits.caller, 'caller', deps.elapsed);
  const accept = createAcceptBatch({
    verify: deps.verify ?? createVerify(deps.network, deps.clock.now),
    apps,
    quotas: deps.quotas,
    callers: limiter,
    origin: createSharedLoad((ids) => deps.admission.origins(ids), SHARED),
    transit: createSharedLoad((owners) => deps.vault.transit(owners), SHARED),
    seal: deps.seal ?? sealTransit,
    codec: deps.codec,
    sends,
    blobs: deps.blobs,
    partitionOf: (wallet) => deps.partitionOf(wallet, deps.partitions),
    clock: deps.clock,
  });
  const load = createLoadGate(limits.waitMs, deps.elapsed);
  const turns = createTurns(deps.elapsed, TURN_MS);
  observe(deps.metrics, { budget, sends, load });
  const cors = createCors(() => apps.origins());

  let running: ApiServer | null = null;
  const phase = () => (running === null ? 'starting' : running.draining ? 'draining' : 'serving');
  const readiness = createReadiness(deps.dependencies, phase, deps.elapsed);
  const verifyToken = createVerifyToken(deps.network, () => deps.clock.now(), deps.revokedTokens);
  const auth = createAuth(deps.network, verifyToken);
  const callers = createCallers({ auth, verify: verifyToken, apps, limiter, cors });
  const routes = createRoutes({
    routes: allRoutes({
      ...deps,
      budget,
      addressOf: addressesOf(deps.ss58Prefix),
      clusterNames: deps.clusterNames ?? [DEFAULT_CLUSTER],
      auth,
      statuses: createBatchStatuses(deps),
      apps,
      telemetry,
      readiness,
      ready: () => running !== null && !running.stopping,
    }),
    budget,
    callers,
    audit: deps.audit,
    telemetry,
    version: deps.version,
    docsPanel: deps.docsPanel ?? null,
  });
  const clientAddress = createClientAddress(deps.trustedProxies ?? 0);
  running = await listen({
    ...server,
    ...connectionLimit(limits.address, deps.trustedProxies ?? 0),
    entrance: createEntrance({
      requestId: createRequestIds(toHex(deps.random.bytes(8))),
      clientAddress,
      addresses: createLimiter(limits.address, 'address', deps.elapsed),
      cors,
      telemetry,
      hstsSeconds: deps.hstsSeconds ?? 0,
    }),
    batches: createBatchRoute({ accept, auth, budget, load, turns, cors, telemetry, clock: deps.clock }),
    others: routes,
    unhurried: isBlobUpload,
  });
  return running;
}

/** Of an address that is no proxy's, half as many connections again as requests may be under way: some are idle. */
function connectionLimit(limit: Limit | null, trusted: TrustedProxies): Pick<ServerOptions, 'connections'> {
  // A proxy holds the connections of all its clients.
  if (limit === null || trusted !== 0) return {};
  const keyOf = ({ remoteAddress }: Socket) => (remoteAddress === undefined ? null : limitKey(remoteAddress));
  return { connections: { most: Math.ceil(limit.concurrent * 1.5), keyOf } };
}

function observe(
  metrics: Metrics,
  now: { budget: { used: number }; sends: { waitingBytes: number; sends: number }; load: LoadGate },
): void {
  const gauge = (name: string, help: string, read: () => number) => {
    const made = metrics.gauge(name, help);
    Object.assign(made, { collect: () => made.set(read()) });
  };
  gauge('ddc_api_body_bytes', 'Bytes of request bodies and large answers in memory.', () => now.budget.used);
  gauge('ddc_api_waiting_bytes', 'Bytes of records that wait for their send.', () => now.sends.waitingBytes);
  gauge('ddc_api_expected_wait_ms', 'What one more batch would wait, as far as is known.', () => now.load.expectedMs);
  gauge('ddc_api_sends', 'Sends made to the log since the start.', () => now.sends.sends);
}
