import { type Accepted, type Buffered, eachOrRetry, type FlushLimits } from './accepted.ts';
import { openCheck } from './check.ts';
import { hasPassed } from './clock.ts';
import { FatalError, RetriableError } from './errors.ts';
import type { Faults } from './faults.ts';
import { Intake } from './intake.ts';
import { type LaneEdges, openLane, PACE } from './lane.ts';
import type { Codec } from './ports/codec.ts';
import type { PartitionInput } from './ports/log.ts';
import type { CrashOwner, Position } from './ports/positions.ts';
import { originOf } from './rules/origin.ts';
import { samePosition } from './rules/row.ts';

/** What makes a reader of `pinned`: where its row is kept and what it does with a record. */
export interface ReaderPlan<I> {
  /** Row of `crashes` and, unless it is an export, whose position its sink keeps, of `positions`. */
  readonly stage: Exclude<CrashOwner, 'encryptor' | 'pinner'>;
  /** Full name of `received`. */
  readonly received: string;
  readonly codec: Codec<I>;
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
  const { clock, signals, faults } = edges;
  const { partition, revoked } = input;
  const pace = edges.pace ?? PACE;
  const lane = openLane({ stage: plan.stage, received: plan.received, load: plan.load }, edges, input);
  const intake = new Intake(edges, input, originOf);
  const check = openCheck({ stage: 'pinner', onBehind: plan.onBehind }, lane, edges, input);
  let row: Position = { next: 0, mark: -1 };
  let careful = 0;
  /** Size of the flush under way, for whoever counts a crash. */
  let inHand = 0;

  async function reload(): Promise<void> {
    for (;;) {
      row = await lane.load();
      const how = await lane.care(row);
      if (how === null) continue;
      careful = how === 'run' ? 0 : limits.maxRecords;
      break;
    }
    intake.restart(row);
    check.forget();
    signals.gauge('inHand', partition, 0);
  }

  const accepted = ({ origin, record }: Buffered): Accepted<I> => ({
    origin,
    value: plan.codec.decode(record.value),
    record,
    retryOf: null,
  });

  /** @returns false when the row is no longer ours */
  async function flush(buffered: readonly Buffered[]): Promise<boolean> {
    const to: Position = { next: intake.next, mark: intake.mark };
    // A record may name a schema that is still on its way: that is waited for like everything else.
    const records = await lane.retry('decode', async () => eachOrRetry(buffered, accepted));
    if (!(await lane.retry('apply', () => plan.apply(partition, row, to, records)))) return false;
    faults.reach('after-row');
    row = to;
    careful = Math.max(0, careful - buffered.length);
    signals.gauge('next', partition, row.next);
    signals.gauge('mark', partition, row.mark);
    signals.gauge('inHand', partition, 0);
    input.showProgress(row.next);
    return true;
  }

  try {
    await reload();
    let comparedAt = clock.now();
    for (;;) {
      const now = careful > 0 ? { ...limits, maxRecords: 1, lingerMs: 0 } : limits;
      if (!revoked.aborted) {
        intake.judge(await pollOrStop(now));
        signals.gauge('inHand', partition, intake.next - row.next);
      }
      const judged = intake.next !== row.next;
      if (intake.isDue(now) || (judged && (intake.buffer.length === 0 || revoked.aborted))) {
        const taken = intake.drain();
        inHand = taken.length;
        if (!(await flush(taken))) {
          signals.emit('reloaded', { partition });
          if (revoked.aborted) return;
          await reload();
        }
        inHand = 0;
        comparedAt = clock.now();
      } else if (!judged && hasPassed(pace.compareMs, comparedAt, clock.now()) && !revoked.aborted) {
        if (!samePosition(await lane.retry('compare', () => plan.load(partition)), row)) {
          signals.emit('reloaded', { partition });
          await reload();
        } else if (intake.idle) intake.rouse(await lane.retry('end', () => input.endOffset()));
        comparedAt = clock.now();
      }
      if (revoked.aborted) return;
      await check.step(intake);
    }
  } catch (error) {
    if (revoked.aborted && (error === revoked.reason || error instanceof RetriableError)) return;
    if (!(error instanceof FatalError)) await lane.crashed(row, inHand === 1, error);
    else signals.emit('fatal', { partition, error });
    throw error;
  }

  async function pollOrStop(now: FlushLimits) {
    try {
      return await lane.retry('poll', () =>
        input.poll({ ...intake.room(now), waitMs: intake.waitMs(now, pace.idleMs) }),
      );
    } catch (error) {
      if (revoked.aborted) return [];
      throw error;
    }
  }
}
