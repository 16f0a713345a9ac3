import { fee } from '../../protocol/index.ts';
import type { Pinned } from '../../schemas/pinned.ts';
import type { Accepted, FlushLimits } from '../pipeline/accepted.ts';
import type { App, Apps } from '../pipeline/ports/apps.ts';
import type { Codec } from '../pipeline/ports/codec.ts';
import type { Positions } from '../pipeline/ports/positions.ts';
import type { Leaf, SettlementStore } from '../pipeline/ports/settlement-store.ts';
import type { ReaderPlan } from '../pipeline/reader.ts';

/** Prices of a tier, in planck. */
export interface Prices {
  readonly perOperation: bigint;
  readonly perMiB: bigint;
}

/**
 * The leaf of one judged record of `pinned`; null for a void, which costs nothing.
 * @param prices of the app's tier; an app that is no longer registered pays as `free`
 */
function leafFor({ value, origin }: Accepted<Pinned>, partition: number, prices: Prices, seenAt: number): Leaf | null {
  if (value.body === null) return null;
  const { summary, hash, bytes } = value.body;
  const { count } = summary;
  const { batchId, app } = value;
  return { batchId, app, partition, origin, hash, count, bytes, fee: fee({ count, bytes, ...prices }), seenAt };
}

/** Leaves of a stretch of records. `tierOf` is asked once per app. */
async function leavesFor(
  accepted: readonly Accepted<Pinned>[],
  partition: number,
  tierOf: (app: Uint8Array) => Promise<App['tier']>,
  tiers: Readonly<Record<App['tier'], Prices>>,
  now: number,
): Promise<Leaf[]> {
  const known = new Map<string, Prices>();
  const leaves: Leaf[] = [];
  for (const record of accepted) {
    if (record.value.body === null) continue;
    const name = Buffer.from(record.value.app).toString('hex');
    const prices = known.get(name) ?? tiers[await tierOf(record.value.app)];
    known.set(name, prices);
    const leaf = leafFor(record, partition, prices, now);
    if (leaf) leaves.push(leaf);
  }
  return leaves;
}

/** Leaves are small: a transaction takes many. */
export const LIMITS: FlushLimits = { maxRecords: 500, maxBytes: 32 * 1024 * 1024, lingerMs: 100 };

/** The settler as a reader of `pinned`: one leaf per live batch, in the transaction that accepts it. */
export function readerPlan(edges: {
  readonly store: Pick<SettlementStore, 'apply'>;
  readonly apps: Pick<Apps, 'find'>;
  readonly positions: Pick<Positions, 'load'>;
  readonly codec: Codec<Pinned>;
  /** Full name of `received`. */
  readonly received: string;
  readonly tiers: Readonly<Record<App['tier'], Prices>>;
  now(): number;
}): ReaderPlan<Pinned> {
  const { store, apps, positions, codec, received, tiers, now } = edges;
  const tierOf = async (app: Uint8Array) => (await apps.find(app))?.tier ?? 'free';
  return {
    stage: 'settler',
    received,
    codec,
    onBehind: 'alarm',
    load: (partition) => positions.load('settler', partition),
    async apply(partition, from, to, accepted) {
      return store.apply(partition, from, to, await leavesFor(accepted, partition, tierOf, tiers, now()));
    },
  };
}
