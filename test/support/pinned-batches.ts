import { randomBytes } from 'node:crypto';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createMemoryRequests } from '../../connectors/vault/memory-requests.ts';
import { createMemoryVault, type VaultTwin } from '../../connectors/vault/memory-vault.ts';
import {
  type Event,
  type KeyPair,
  keyPairFromSeed,
  META_SCOPE,
  type OpenScope,
  scopeKey,
  seal,
  sealMeta,
  signBatch,
  toHex,
} from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/index.ts';
import { uuidv7 } from '../../sdk/js/index.ts';
import { summaryOf } from '../../services/encryptor/summary.ts';
import type { Requests } from '../../services/pipeline/ports/requests.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { EVENTS_TABLE, type Table } from '../../services/pipeline/ports/table.ts';
import type { Vault } from '../../services/pipeline/ports/vault.ts';
import { allowExport } from './allow-export.ts';

export const SCOPES = ['purchase', 'profile'];
/** The table of an export of these scopes. */
export const TABLE: Table = {
  name: EVENTS_TABLE,
  version: 0,
  columns: [
    { name: 'scope_purchase', type: 'string' },
    { name: 'scope_profile', type: 'string' },
  ],
};

/** A vault in memory, and where requests about it are accepted. */
export function testVault(): VaultTwin & { readonly requests: Requests } {
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  const keks = parseKeks(`1 ${'ab'.repeat(32)}`);
  const clock = { now: () => Date.now() };
  const twin = createMemoryVault({ keks, random, clock, calendar: clock });
  return { ...twin, requests: createMemoryRequests(twin.tables, keks, random) };
}

export interface MadeBatch {
  readonly pinned: Pinned;
  /** The rows that an export of `SCOPES` must show, but for origin and partition. */
  readonly rows: Omit<ExportRow, 'origin' | 'partition'>[];
}

export interface MakerOptions {
  readonly algorithm?: 'sr25519' | 'ed25519';
  /** Scopes that each wallet lets the app's exports read, with its first batch. */
  readonly allowed?: readonly string[];
  /** The ith event of a batch; default: with the content that `rows` tells of. */
  readonly event?: (time: number, i: number) => Event;
}

/** Makes records of `pinned` as the rooms before would have, for one app. */
export function batchMaker(
  vault: Pick<Vault, 'transit' | 'roots'>,
  requests: Requests,
  { algorithm = 'ed25519', allowed = SCOPES, event = eventAt }: MakerOptions = {},
) {
  const app = keyPairFromSeed(algorithm, new Uint8Array(randomBytes(32)));
  const source = toHex(randomBytes(16));
  const seqs = new Map<string, number>();

  const newWallet = (): KeyPair => keyPairFromSeed(algorithm, new Uint8Array(randomBytes(32)));

  async function make(wallet: KeyPair, count: number, time = Date.now()): Promise<MadeBatch> {
    const owner = { app: app.publicKey, wallet: wallet.publicKey };
    if (allowed.length > 0 && !seqs.has(toHex(wallet.publicKey)))
      await allowExport(requests, toHex(app.publicKey), wallet, algorithm, allowed);
    const [transit] = await vault.transit([owner]);
    const rootVersion = transit?.rootVersion ?? 1;
    const [root] = await vault.roots([{ ...owner, rootVersion }]);
    if (!root) throw new Error('the vault has no root for this wallet');
    const events = Array.from({ length: count }, (_, i): Event => event(time + i * 1000, i));
    const seq = seqs.get(toHex(wallet.publicKey)) ?? 0;
    seqs.set(toHex(wallet.publicKey), seq + 1);
    const named = { app: toHex(app.publicKey), wallet: toHex(wallet.publicKey), source, seq };
    const batch = signBatch({
      ...named,
      network: 'cere-sandbox',
      issuedAt: Date.now(),
      signer: 'wallet',
      algorithm,
      wrap: 'none',
      events,
      keyPair: wallet,
    });
    const { epoch, subject, userRoot } = root;
    const place = { app: app.publicKey, subject, epoch };
    const nonce = () => new Uint8Array(randomBytes(24));
    const keyOf = (scope: string) => scopeKey(userRoot, app.publicKey, scope, epoch);
    const sealed = events.map((event) =>
      Object.fromEntries(
        Object.entries(event.scopes as Record<string, OpenScope>).map(([scope, { salt, data }]) => [
          scope,
          seal({
            ...place,
            scopeKey: keyOf(scope),
            eventId: event.id,
            scope,
            salt: Buffer.from(salt, 'hex'),
            data,
            nonce: nonce(),
          }),
        ]),
      ),
    );
    const meta = sealMeta({ ...place, scopeKey: keyOf(META_SCOPE), header: batch.header, events, nonce: nonce() });
    const summary = summaryOf(batch);
    const location = {
      cluster: 'cere-mainnet',
      segment: new Uint8Array(36).fill(1),
      slot: seq,
      hash: new Uint8Array(32).fill(2),
      bytes: 1000,
    };
    const body = { subject, epoch, mode: 'service' as const, summary, meta, events: sealed, ...location };
    const record = { batchId: batch.batchId, ...owner, rootVersion, source: summary.source, seq, reason: null, body };
    const rows = events.map((one, slot) => ({
      ...named,
      batchId: toHex(batch.batchId),
      eventId: one.id,
      type: one.type,
      time: Date.parse(one.time),
      issuedAt: batch.header.issuedAt,
      session: one.session ?? null,
      blob: null,
      signer: 'wallet' as const,
      slot,
      verified: true,
      table: TABLE,
      values: Object.fromEntries(SCOPES.map((scope) => [`scope_${scope}`, textOf(one, scope)])),
    }));
    return { pinned: record, rows };
  }

  return { app: toHex(app.publicKey), newWallet, make };
}

const textOf = ({ scopes }: Event, scope: string): string | null => {
  const found = scopes[scope];
  return found && 'data' in found ? found.data : null;
};

const salt = () => toHex(randomBytes(16));

function eventAt(time: number, i: number): Event {
  const scopes: Record<string, OpenScope> = {
    purchase: { salt: salt(), data: JSON.stringify({ amount: `${i}.50`, note: 'naïve "quoted" \u2028' }) },
    secret: { salt: salt(), data: 'not exported' },
  };
  if (i % 2 === 0) scopes.profile = { salt: salt(), data: JSON.stringify({ name: `user ${i}` }) };
  return {
    id: uuidv7(time, randomBytes(10)),
    type: i % 3 === 0 ? 'PURCHASE' : 'PAGE_VIEW',
    time: new Date(time).toISOString(),
    ...(i % 2 === 0 ? { session: `session-${i}` } : {}),
    scopes,
  };
}

/** A void that stands for an accepted input. */
export function voidOf(record: Pinned, reason: NonNullable<Pinned['reason']>): Pinned {
  return { ...record, reason, body: null };
}
