import { type Accepted, type Buffered, eachOrRetry, type FlushLimits } from './accepted.ts';
import { openCheck } from './check.ts';
import type { Faults } from './faults.ts';
import type { Lane, LaneEdges } from './lane.ts';
import { type Flush, runLoop } from './loop.ts';
import type { Codec } from './ports/codec.ts';
import type { PartitionInput } from './ports/log.ts';
import type { CrashOwner, Position } from './ports/positions.ts';
import { originOf } from './rules/origin.ts';

/** What makes a reader of `pinned`: where its row is kept and what it does with a record. */
export interface ReaderPlan<I> {
  /** Row of `crashes` and, unless it is an export, whose position its sink keeps, of `positions`. */
  readonly stage: Exclude<CrashOwner, 'encryptor' | 'pinner'>;
  /** Full name of `received`. */
  readonly received: string;
  readonly codec: Pick<Codec<I>, 'decode'>;
  /** Only the indexer repairs the pinner; the others raise the alarm. */
  readonly onBehind: 'repair' | 'alarm';
  load(partition: number): Promise<Position>;
  /**
   * One transaction: the row `from` → `to` by compare-and-set, and the effect of the accepted records (voids included), in order.
   * Called for every stretch of judged records, also when none of it was accepted.
   * @returns false, with nothing applied, when the row is no longer `from`
   * @throws RetriableError to be called again with the same arguments; anything else is a bug
   */
  apply(partition: number, from: Position, to: Position, accepted: readonly Accepted<I>[]): Promise<boolean>;
}

export interface ReaderEdges extends LaneEdges {
  readonly faults: Faults;
}

/**
 * Runs one partition of a reader (indexer, settler, exporter) until it is revoked; then applies what is in hand once and returns.
 * @throws FatalError when going on would break a promise; anything else is a bug, already counted in `crashes`
 */
export async function runReader<I>(
  plan: ReaderPlan<I>,
  limits: FlushLimits,
  edges: ReaderEdges,
  input: PartitionInput,
): Promise<void> {
  const accepted = ({ origin, record }: Buffered): Accepted<I> => ({
    origin,
    value: plan.codec.decode(record.value),
    record,
    retryOf: null,
  });

  async function flush({ taken, from, judged }: Flush, lane: Lane): Promise<Position | null> {
    // A record may name a schema that is still on its way: that is waited for like everything else.
    const records = await lane.retry('decode', async () => eachOrRetry(taken, accepted));
    if (!(await lane.retry('apply', () => plan.apply(input.partition, from, judged, records)))) return null;
    edges.faults.reach('after-row');
    return judged;
  }

  await runLoop(
    {
      stage: plan.stage,
      received: plan.received,
      load: plan.load,
      origin: originOf,
      keepsJudged: true,
      openCheck: (lane) => openCheck({ stage: 'pinner', onBehind: plan.onBehind }, lane, edges, input),
      flush,
    },
    limits,
    edges,
    input,
  );
}
