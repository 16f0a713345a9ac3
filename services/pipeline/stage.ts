import type { Received } from '../../schemas/index.ts';
import type { Buffered, FlushLimits } from './accepted.ts';
import { openCheck } from './check.ts';
import { hasPassed } from './clock.ts';
import { FatalError, RetriableError } from './errors.ts';
import type { Faults } from './faults.ts';
import { prepareFlush, type StagePlan } from './flush.ts';
import { Intake } from './intake.ts';
import { type LaneEdges, openLane, PACE } from './lane.ts';
import type { LogWriter, OutgoingRecord, PartitionInput } from './ports/log.ts';
import type { Position } from './ports/positions.ts';
import { originOf } from './rules/origin.ts';
import { samePosition } from './rules/row.ts';
import type { Head } from './void.ts';

export type { StagePlan } from './flush.ts';

export interface StageEdges extends LaneEdges {
  readonly writer: LogWriter;
  readonly faults: Faults;
}

/** A request must stay below `max.message.bytes`; the rest is room for keys, headers and framing. */
const MAX_SEND_BYTES = 2_500_000;
/** `received` is kept for 7 days. */
const HALF_RETENTION_MS = 3.5 * 24 * 60 * 60 * 1000;

/** Cuts outputs into requests, in order. */
function* inRequests(records: readonly OutgoingRecord[], maxBytes = MAX_SEND_BYTES): Generator<OutgoingRecord[]> {
  let request: OutgoingRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    if (request.length > 0 && bytes + record.value.length > maxBytes) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push(record);
    bytes += record.value.length;
  }
  if (request.length > 0) yield request;
}

/**
 * Runs one partition of a stage (encryptor or pinner) until it is revoked; then finishes the flush in hand once and returns.
 * @throws FatalError when going on would break a promise; anything else is a bug, already counted in `crashes`
 */
export async function runStage<I extends Head, O>(
  plan: StagePlan<I, O>,
  limits: FlushLimits,
  edges: StageEdges,
  input: PartitionInput,
): Promise<void> {
  const { writer, positions, lookup, clock, signals, faults, rules } = edges;
  const { stage, topics } = plan;
  const { partition, revoked } = input;
  const pace = edges.pace ?? PACE;
  const lane = openLane({ stage, received: topics.received, load: (p) => positions.load(stage, p) }, edges, input);
  const intake = new Intake(edges, input, stage === 'encryptor' ? (record) => record.offset : originOf);
  const check =
    stage === 'pinner' ? openCheck({ stage: 'encryptor', onBehind: 'repair' }, lane, edges, input, warnLate) : null;
  let row: Position = { next: 0, mark: -1 };
  /** Records still to be taken one by one after a crash. */
  let careful = 0;
  /** Size of the flush under way, for whoever counts a crash. */
  let inHand = 0;
  let voidFirst = false;

  async function warnLate(mine: number): Promise<void> {
    try {
      const record = await lookup.readAt(topics.received, partition, mine + 1);
      const { receivedAt }: Received = plan.codecs.received.decode(record.value);
      if (clock.now() - receivedAt > HALF_RETENTION_MS) signals.emit('repair-late', { partition, mark: mine });
    } catch (error) {
      // Retention, an unreadable record or a busy broker: the repair is due all the same, but an operator should look.
      signals.emit('repair-late', { partition, mark: mine, error });
    }
  }

  /** @returns false when the row moved while the place was poisoned */
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

  /** Without the write rule (a control): moves the row whatever it is. */
  async function overwriteRow(to: Position): Promise<void> {
    for (;;) {
      const current = await lane.retry('row', () => positions.load(stage, partition));
      if (await lane.retry('row', () => positions.compareAndSet(stage, partition, current, to))) return;
    }
  }

  /** @returns false when the row is no longer ours */
  async function flush(buffered: readonly Buffered[]): Promise<boolean> {
    const last = buffered.at(-1);
    if (!last) return true;
    const to: Position = { next: last.next, mark: last.origin };
    const { dead, outputs } = await lane.retry('transform', () =>
      prepareFlush(plan, edges, partition, buffered, voidFirst),
    );
    if (!rules.write) await overwriteRow(to);
    for (const records of inRequests(dead))
      await lane.retry('dead', () => writer.send(topics.dead, partition, records));
    for (const records of inRequests(outputs))
      await lane.retry('send', () => writer.send(topics.output, partition, records));
    faults.reach('after-send');
    if (rules.write && !(await lane.retry('row', () => positions.compareAndSet(stage, partition, row, to))))
      return false;
    faults.reach('after-row');
    row = to;
    voidFirst = false;
    careful = Math.max(0, careful - buffered.length);
    signals.gauge('next', partition, row.next);
    signals.gauge('mark', partition, row.mark);
    signals.gauge('inHand', partition, intake.next - row.next);
    input.showProgress(row.next);
    return true;
  }

  try {
    await reload();
    let comparedAt = clock.now();
    for (;;) {
      const now = careful > 0 ? { ...limits, maxRecords: 1, lingerMs: 0 } : limits;
      if (!revoked.aborted) {
        const records = await pollOrStop(intake, now);
        intake.judge(records);
        signals.gauge('inHand', partition, intake.next - row.next);
      }
      if (intake.isDue(now) || (revoked.aborted && intake.buffer.length > 0)) {
        const taken = intake.drain();
        inHand = taken.length;
        if (!(await flush(taken))) {
          signals.emit('reloaded', { partition });
          if (revoked.aborted) return;
          await reload();
        }
        inHand = 0;
        comparedAt = clock.now();
      } else if (intake.buffer.length === 0 && hasPassed(pace.compareMs, comparedAt, clock.now()) && !revoked.aborted) {
        if (!samePosition(await lane.retry('compare', () => positions.load(stage, partition)), row)) {
          signals.emit('reloaded', { partition });
          await reload();
        } else if (intake.idle) intake.rouse(await lane.retry('end', () => input.endOffset()));
        comparedAt = clock.now();
      }
      if (revoked.aborted) return;
      await check?.step(intake);
    }
  } catch (error) {
    if (revoked.aborted && (error === revoked.reason || error instanceof RetriableError)) return;
    if (!(error instanceof FatalError)) await lane.crashed(row, inHand === 1, error);
    else signals.emit('fatal', { partition, error });
    throw error;
  }

  /** An abort during the poll leads to the last flush. */
  async function pollOrStop(from: Intake, now: FlushLimits) {
    try {
      return await lane.retry('poll', () => input.poll({ ...from.room(now), waitMs: from.waitMs(now, pace.idleMs) }));
    } catch (error) {
      if (revoked.aborted) return [];
      throw error;
    }
  }
}
