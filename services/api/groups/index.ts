import { type Cbor, fromHex, type Receipt, toHex } from '../../../protocol/index.ts';
import type { Clock, Random } from '../../pipeline/clock.ts';
import type { Signals } from '../../pipeline/events.ts';
import type { Faults } from '../../pipeline/faults.ts';
import type { Metrics } from '../../pipeline/metrics.ts';
import type { AppSchemas } from '../../pipeline/ports/app-schemas.ts';
import type { Blobs } from '../../pipeline/ports/blobs.ts';
import type { Clusters } from '../../pipeline/ports/clusters.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { IndexStore } from '../../pipeline/ports/index-store.ts';
import type { Positions } from '../../pipeline/ports/positions.ts';
import type { Removals } from '../../pipeline/ports/removals.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import type { Requests } from '../../pipeline/ports/requests.ts';
import type { SettlementProofs } from '../../pipeline/ports/settlement-proofs.ts';
import type { Vault } from '../../pipeline/ports/vault.ts';
import type { SegmentSource } from '../../pipeline/segment-reader.ts';
import { createSettlementProver } from '../../pipeline/settlement-proof.ts';
import type { AddressOf } from '../addresses.ts';
import type { AppRegister } from '../app-register.ts';
import type { Auth } from '../auth/bearer.ts';
import type { RevokedTokens } from '../auth/revoked-tokens.ts';
import type { BatchStatuses } from '../batch-status.ts';
import type { BlobCluster } from '../blobs/clusters.ts';
import { createDownloads } from '../blobs/download.ts';
import { createTransfers } from '../blobs/transfers.ts';
import { createUpload } from '../blobs/upload.ts';
import type { BodyBudget } from '../body-budget.ts';
import { createCursors } from '../disclosures/cursor.ts';
import { createEventPages } from '../disclosures/event-page.ts';
import { createEventReaders, createReadersOf } from '../disclosures/event-reader.ts';
import { createDecrypt } from '../explicit/decrypt.ts';
import { createEncrypt } from '../explicit/encrypt.ts';
import { createFollowCursors } from '../extract/follow-cursor.ts';
import { createExtract, createFollow } from '../extract/open-streams.ts';
import type { Readiness } from '../readiness.ts';
import { createReceipts } from '../receipts/receipts.ts';
import { createAcceptRequest } from '../requests/accept-request.ts';
import { associate } from '../requests/associate.ts';
import { disown } from '../requests/disown.ts';
import { erase } from '../requests/erase.ts';
import { grant } from '../requests/grant.ts';
import type { RequestHandler } from '../requests/handler.ts';
import { keys } from '../requests/keys.ts';
import { move } from '../requests/move.ts';
import { policy } from '../requests/policy.ts';
import { recipient } from '../requests/recipient.ts';
import { remove } from '../requests/remove.ts';
import { reopen } from '../requests/reopen.ts';
import { revoke } from '../requests/revoke.ts';
import { createSealedKeys } from '../requests/sealed-keys.ts';
import type { Route } from '../route.ts';
import type { Telemetry } from '../telemetry.ts';
import { batchRoutes } from './batches.ts';
import { blobRoutes } from './blobs.ts';
import { consentRoutes } from './consent.ts';
import { cryptoRoutes } from './crypto.ts';
import { disclosureRoutes } from './disclosures.ts';
import { type ApiExports, exportRoutes } from './exports.ts';
import { extractRoutes } from './extract.ts';
import { followRoutes } from './follow.ts';
import { healthRoutes } from './health.ts';
import { modeRoutes } from './modes.ts';
import { networkRoutes } from './network.ts';
import { positionsRoutes } from './positions.ts';
import { problemRoutes } from './problems.ts';
import { receiptRoutes } from './receipts.ts';
import { removalRoutes } from './removals.ts';
import { type ApiReplays, replayRoutes } from './replays.ts';
import { requestRoutes } from './requests.ts';
import { schemaRoutes } from './schemas.ts';
import { storedBatchRoutes } from './stored-batches.ts';
import { walletRoutes } from './wallets.ts';

export interface GroupDeps {
  readonly network: string;
  readonly ss58Prefix: number;
  readonly addressOf: AddressOf;
  readonly auth: Auth;
  readonly revokedTokens: Pick<RevokedTokens, 'add' | 'mustHaveRoom'>;
  readonly vault: Pick<Vault, 'transit' | 'roots' | 'scopeKeys' | 'prepare'>;
  /** Where segments are read and blobs are kept, by name. */
  readonly clusters: ReadonlyMap<string, BlobCluster & SegmentSource>;
  readonly blobs: Blobs;
  /** What blobs share with bodies and large answers. */
  readonly budget: BodyBudget;
  readonly placement: Pick<Clusters, 'of'>;
  /** The default one first. */
  readonly clusterNames: readonly string[];
  readonly random: Pick<Random, 'bytes'>;
  /** 32 bytes: what cursors are sealed with. */
  readonly cursorKey: Uint8Array;
  readonly requests: Requests;
  readonly consents: Consents;
  readonly apps: Pick<AppRegister, 'find'>;
  readonly statuses: BatchStatuses;
  readonly positions: Pick<Positions, 'load'>;
  readonly index: Pick<
    IndexStore,
    'batches' | 'ofWallet' | 'withEvent' | 'checkpoints' | 'selected' | 'inOrder' | 'sequences' | 'written'
  >;
  readonly partitions: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  readonly signals: Pick<Signals, 'emit'>;
  readonly faults: Pick<Faults, 'reach'>;
  readonly readiness: Readiness;
  /** Serves, and goes on to. */
  readonly ready: () => boolean;
  readonly exports: ApiExports;
  readonly replays: ApiReplays;
  /** Full name of `received`. */
  readonly topic: string;
  readonly removals: Pick<Removals, 'find' | 'list' | 'progress'>;
  /** Asked last before an event is written to anybody. */
  readonly removedEvents: RemovedEvents;
  readonly partitionOf: (wallet: Uint8Array, partitions: number) => number;
  readonly receiptKey: Uint8Array;
  /** With the secret half of `receiptKey`. */
  readonly signReceipt: (payload: { [name: string]: Cbor }) => Receipt;
  readonly settlements: SettlementProofs;
  readonly schemas: AppSchemas;
}

/** Every route of the API, in the order of the document. */
export function allRoutes(deps: GroupDeps): Route[] {
  const { network, requests, consents, vault, apps } = deps;
  const now = () => deps.clock.now();
  const { auth } = deps;
  const { authorize } = auth;
  const readersOf = createReadersOf({ consents, now });
  const cursors = createCursors(deps.cursorKey, deps.random);
  const followCursors = createFollowCursors(deps.cursorKey, deps.random);
  const sealedKeys = createSealedKeys({ vault, consents });
  const handlers: RequestHandler[] = [
    recipient,
    policy,
    grant(consents),
    revoke,
    keys(sealedKeys),
    move({ apps, vault }),
    erase(deps.faults),
    reopen,
    associate(deps.clusterNames),
    remove,
    disown(deps.revokedTokens),
  ];
  const app = (bytes: Uint8Array) => apps.find({ hex: toHex(bytes), bytes });
  const accept = createAcceptRequest({ network, requests, now, app });
  const reading = { ...deps, readersOf, cursors, followCursors, now };
  return [
    ...batchRoutes(deps),
    ...requestRoutes({ ...deps, handlers, accept }),
    ...consentRoutes({ authorize, requests, consents, sealedKeys, now }),
    ...storedBatchRoutes(deps),
    ...disclosureRoutes({
      authorize,
      readerOf: createEventReaders(readersOf),
      pageOf: createEventPages({ ...deps, cursors }),
    }),
    ...walletRoutes({ ...deps, authorize }),
    ...schemaRoutes({ authorize, apps, schemas: deps.schemas }),
    ...exportRoutes({
      ...{ authorize, apps, consents, now, exports: deps.exports, addressOf: deps.addressOf },
      ...{ topic: deps.topic, partitions: deps.partitions, replays: deps.replays.store },
    }),
    ...replayRoutes({
      ...{ authorize, exports: deps.exports, replays: deps.replays, clock: deps.clock, random: deps.random },
      ...{ positions: deps.positions, partitions: deps.partitions },
      partitionOf: (wallet) => deps.partitionOf(fromHex(wallet, 32), deps.partitions),
    }),
    ...extractRoutes({ ...deps, authorize, streams: createExtract(reading) }),
    ...followRoutes({ ...deps, authorize, follow: createFollow(reading) }),
    ...modeRoutes({ auth, apps, vault, consents }),
    ...cryptoRoutes({
      auth,
      apps,
      removedEvents: deps.removedEvents,
      encrypt: createEncrypt(deps),
      decrypt: createDecrypt({ vault, consents, removedEvents: deps.removedEvents, now }),
    }),
    ...blobRoutes({
      authorize,
      appToken: auth.appToken,
      apps,
      upload: createUpload(deps),
      downloadOf: createDownloads({ ...deps, now }),
      uploads: createTransfers(deps.budget, 'uploads'),
      downloads: createTransfers(deps.budget, 'downloads'),
    }),
    ...removalRoutes({ ...deps, authorize, now, partitionOf: (wallet) => deps.partitionOf(wallet, deps.partitions) }),
    ...receiptRoutes({
      authorize,
      receipts: createReceipts({
        ...deps,
        settlementOf: createSettlementProver(deps.settlements, network),
        sign: deps.signReceipt,
        now,
      }),
    }),
    ...networkRoutes(deps),
    ...positionsRoutes(deps),
    ...problemRoutes(),
    ...healthRoutes(deps),
  ];
}
