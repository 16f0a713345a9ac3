import type { Received } from '../../schemas/index.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import type { FlushLimits } from './accepted.ts';
import { openCheck } from './check.ts';
import type { Faults } from './faults.ts';
import { prepareFlush, type StagePlan } from './flush.ts';
import type { Lane, LaneEdges } from './lane.ts';
import { type Flush, runLoop } from './loop.ts';
import type { LogWriter, OutgoingRecord, PartitionInput } from './ports/log.ts';
import type { Position, Positions } from './ports/positions.ts';
import { originOf } from './rules/origin.ts';
import type { Head } from './void.ts';

export type { StagePlan } from './flush.ts';

export interface StageEdges extends LaneEdges {
  readonly positions: Positions;
  readonly writer: LogWriter;
  readonly faults: Faults;
}

/** A request must stay below `max.message.bytes`; the rest is room for keys, headers and framing. */
const MAX_SEND_BYTES = 2_500_000;
const HALF_RETENTION_MS = batchesReceived.retentionMs / 2;

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
  const { partition } = input;

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

  /** Without the write rule (a control): moves the row whatever it is. */
  async function overwriteRow(to: Position, lane: Lane): Promise<void> {
    for (;;) {
      const current = await lane.retry('row', () => positions.load(stage, partition));
      if (await lane.retry('row', () => positions.compareAndSet(stage, partition, current, to))) return;
    }
  }

  async function flush({ taken, from, voidFirst }: Flush, lane: Lane): Promise<Position | null> {
    const last = taken.at(-1);
    if (!last) return from;
    const to: Position = { next: last.next, mark: last.origin };
    const { dead, outputs } = await lane.retry('transform', () =>
      prepareFlush(plan, edges, partition, taken, voidFirst),
    );
    if (!rules.write) await overwriteRow(to, lane);
    for (const records of inRequests(dead))
      await lane.retry('dead', () => writer.send(topics.dead, partition, records));
    for (const records of inRequests(outputs))
      await lane.retry('send', () => writer.send(topics.output, partition, records));
    faults.reach('after-send');
    if (rules.write && !(await lane.retry('row', () => positions.compareAndSet(stage, partition, from, to))))
      return null;
    faults.reach('after-row');
    return to;
  }

  await runLoop(
    {
      stage,
      received: topics.received,
      load: (p) => positions.load(stage, p),
      origin: stage === 'encryptor' ? (record) => record.offset : originOf,
      keepsJudged: false,
      openCheck: (lane) =>
        stage === 'pinner' ? openCheck({ stage: 'encryptor', onBehind: 'repair' }, lane, edges, input, warnLate) : null,
      flush,
    },
    limits,
    edges,
    input,
  );
}
