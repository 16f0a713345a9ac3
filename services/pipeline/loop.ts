import type { Buffered, FlushLimits } from './accepted.ts';
import type { Check } from './check.ts';
import { hasPassed } from './clock.ts';
import { FatalError, RetriableError, TrimmedError } from './errors.ts';
import { Intake } from './intake.ts';
import { type Lane, type LaneEdges, openLane, PACE, type RowOwner } from './lane.ts';
import type { LogRecord, PartitionInput } from './ports/log.ts';
import { type Position, samePosition } from './ports/positions.ts';

/** What a flush is about. */
export interface Flush {
  readonly taken: readonly Buffered[];
  readonly from: Position;
  /** All that was judged, what was skipped or discarded behind the last accepted record included. */
  readonly judged: Position;
  /** The first record was parked. */
  readonly voidFirst: boolean;
}

/** What tells the loop of a stage from that of a reader. */
export interface LoopPlan extends RowOwner {
  readonly origin: (record: LogRecord) => number | null;
  /** Whether the row also moves over what was judged and not accepted. */
  readonly keepsJudged: boolean;
  openCheck(lane: Lane): Check | null;
  /** Sends or applies, and moves the row. @returns where it stands then; null when it is no longer ours */
  flush(flush: Flush, lane: Lane): Promise<Position | null>;
}

/**
 * Runs one partition until it is revoked; then finishes the flush in hand once and returns: reading from the row, flushing what was
 * accepted, comparing row and memory, checking upstream, and the ways around poison and around a place that retention has passed.
 * @throws FatalError when going on would break a promise; anything else is a bug, already counted in `crashes`
 */
export async function runLoop(
  plan: LoopPlan,
  limits: FlushLimits,
  edges: LaneEdges,
  input: PartitionInput,
): Promise<void> {
  const { clock, signals } = edges;
  const { partition, revoked } = input;
  const pace = edges.pace ?? PACE;
  const lane = openLane(plan, edges, input);
  const intake = new Intake(edges, input, plan.origin);
  const check = plan.openCheck(lane);
  let row: Position = { next: 0, mark: -1 };
  /** Records still to be taken one by one after a crash. */
  let careful = 0;
  /** Size of the flush under way, for whoever counts a crash. */
  let inHand = 0;
  let voidFirst = false;
  let comparedAt = clock.now();

  async function reload(): Promise<void> {
    for (;;) {
      row = await lane.load();
      const how = await lane.care(row);
      if (how === null) continue;
      voidFirst = how === 'void';
      careful = how === 'run' ? 0 : limits.maxRecords;
      break;
    }
    intake.restart(row);
    check?.forget();
    signals.gauge('inHand', partition, 0);
  }

  /** @returns false when the row is no longer ours */
  async function flush(taken: readonly Buffered[]): Promise<boolean> {
    const judged: Position = { next: intake.next, mark: intake.mark };
    const moved = await plan.flush({ taken, from: row, judged, voidFirst }, lane);
    if (!moved) return false;
    row = moved;
    voidFirst = false;
    careful = Math.max(0, careful - taken.length);
    signals.gauge('next', partition, row.next);
    signals.gauge('mark', partition, row.mark);
    signals.gauge('inHand', partition, intake.next - row.next);
    input.showProgress(row.next);
    return true;
  }

  /** One turn: what there is to read, then what is due. @returns false after the last one, which finishes what was in hand */
  async function turn(): Promise<boolean> {
    const now = careful > 0 ? { ...limits, maxRecords: 1, lingerMs: 0 } : limits;
    if (!revoked.aborted) {
      intake.judge(await pollOrStop(now));
      signals.gauge('inHand', partition, intake.next - row.next);
    }
    const empty = intake.buffer.length === 0;
    const pending = !empty || (plan.keepsJudged && intake.next !== row.next);
    if (intake.isDue(now) || (pending && (empty || revoked.aborted))) {
      const taken = intake.drain();
      inHand = taken.length;
      if (!(await flush(taken))) {
        signals.emit('reloaded', { partition });
        if (!revoked.aborted) await reload();
      }
      inHand = 0;
      comparedAt = clock.now();
    } else if (!pending && hasPassed(pace.compareMs, comparedAt, clock.now()) && !revoked.aborted) {
      if (!samePosition(await lane.retry('compare', () => plan.load(partition)), row)) {
        signals.emit('reloaded', { partition });
        await reload();
      } else if (intake.idle) intake.rouse(await lane.retry('end', () => input.endOffset()));
      comparedAt = clock.now();
    }
    if (revoked.aborted) return false;
    await check?.step(intake);
    return true;
  }

  /** The same, with a place that retention has passed sat out. */
  async function turnOrWait(): Promise<boolean> {
    try {
      return await turn();
    } catch (error) {
      if (!(error instanceof TrimmedError)) throw error;
      await lane.trimmed(row, error);
      await reload();
      return true;
    }
  }

  try {
    await reload();
    comparedAt = clock.now();
    while (await turnOrWait());
  } catch (error) {
    if (revoked.aborted && (error === revoked.reason || error instanceof RetriableError)) return;
    if (!(error instanceof FatalError)) await lane.crashed(row, inHand === 1, error);
    else signals.emit('fatal', { partition, error });
    throw error;
  }

  /** An abort during the poll leads to the last flush. */
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
