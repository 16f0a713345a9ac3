import type { Pinned } from '../../../schemas/index.ts';
import { eachOrRetry, type FlushLimits } from '../../pipeline/accepted.ts';
import { RetriableError, TrimmedError } from '../../pipeline/errors.ts';
import { Intake, type IntakeEdges } from '../../pipeline/intake.ts';
import type { Codec } from '../../pipeline/ports/codec.ts';
import type { IndexStore } from '../../pipeline/ports/index-store.ts';
import type { PartitionInput } from '../../pipeline/ports/log.ts';
import { type Position, samePosition } from '../../pipeline/ports/positions.ts';
import type { ReplaySpec } from '../../pipeline/ports/replays.ts';
import type { Sink } from '../../pipeline/ports/sink.ts';
import { nextSource } from '../../pipeline/replays/border.ts';
import { ReplayRefused } from '../../pipeline/replays/job.ts';
import type { Stretch } from '../../pipeline/replays/progress.ts';
import { orderedSelection } from '../../pipeline/replays/selection.ts';
import { originOf } from '../../pipeline/rules/origin.ts';
import type { PinnedRecord } from '../live-batch.ts';
import type { Pace } from './pace.ts';
import type { StoredRecords } from './stored-records.ts';
import { mayHoldWanted } from './wanted.ts';

export interface ReplayLaneEdges extends IntakeEdges {
  readonly spec: ReplaySpec;
  /** Last origin to read, by partition; the others are not read. */
  readonly untils: ReadonlyMap<number, number>;
  readonly sink: Pick<Sink, 'position'>;
  /** Opens a stretch and hands it to the sink, as a live export does. @returns false when another moved the target's position */
  deliver(partition: number, from: Position, to: Position, records: readonly PinnedRecord[]): Promise<boolean>;
  readonly index: Pick<IndexStore, 'inOrder' | 'checkpoints'>;
  /** Where the indexer is. */
  indexed(partition: number): Promise<Position>;
  readonly stored: StoredRecords;
  /** First offset of `pinned` that is retained. */
  firstKept(partition: number): Promise<number>;
  readonly codec: Codec<Pinned>;
  readonly pace: Pick<Pace, 'take'>;
  readonly limits: FlushLimits;
  /** Tries again while it throws a RetriableError, until the partition is revoked. */
  retry<T>(
    operation: string,
    input: Pick<PartitionInput, 'partition' | 'revoked'>,
    attempt: () => Promise<T>,
  ): Promise<T>;
  onStretch(partition: number, stretch: Stretch): void;
}

/** Longest wait for a record that Kafka is to hold. Milliseconds. */
const IDLE_MS = 500;
/** Batches of one look into the index. */
const PAGE = 1_000;

const eventsOf = (records: readonly PinnedRecord[]): number =>
  records.reduce((sum, { value }) => sum + (value.body?.summary.count ?? 0), 0);

/**
 * Replays one partition from where the target stands to the end that the job was given, out of Kafka or out of index and IPFS, whichever
 * holds what is next. An export that goes on live afterwards is left at a place where its reader can begin.
 * @returns at the end; rejects with the abort reason when revoked
 * @throws ReplayRefused `target_moved` when somebody else has moved an export's position: what is between is missing there
 */
export async function runReplayLane(edges: ReplayLaneEdges, input: PartitionInput): Promise<void> {
  const until = edges.untils.get(input.partition);
  if (until !== undefined) await replayUntil(until, edges, input);
}

async function replayUntil(until: number, edges: ReplayLaneEdges, input: PartitionInput): Promise<void> {
  const { spec, sink, index, stored, pace, limits } = edges;
  const { partition, revoked } = input;
  const takesOver = spec.target.kind === 'export';
  const last = takesOver ? Number.MAX_SAFE_INTEGER : until;
  const selection = orderedSelection(spec, partition);
  const mayHold = mayHoldWanted(spec);
  const retry = <T>(operation: string, attempt: () => Promise<T>) => edges.retry(operation, input, attempt);

  /** Where the target stands, as far as this lane knows. */
  let known: Position | null = null;

  /** @returns false when the target stands elsewhere */
  async function put(source: Stretch['source'], from: Position, to: Position, records: readonly PinnedRecord[]) {
    const events = eventsOf(records);
    const deliver = () => retry('deliver', () => edges.deliver(partition, from, to, records));
    if (!(await pace.take(events, deliver, revoked))) return false;
    known = to;
    edges.onStretch(partition, { source, mark: to.mark, batches: records.length, events });
    return true;
  }

  /** One page of the index, in as many deliveries as its bytes make. */
  async function readIndex(at: Position, upTo: number): Promise<void> {
    const { batches, reached } = await retry('index', () =>
      index.inOrder(selection, { after: at.mark, upTo }, { limit: PAGE }),
    );
    let from = at;
    for (let first = 0; first < batches.length || from.mark < reached; ) {
      revoked.throwIfAborted();
      let end = first;
      for (let bytes = 0; end < batches.length && (end === first || bytes < limits.maxBytes); end += 1)
        bytes += batches[end]?.body?.bytes ?? 0;
      const taken = batches.slice(first, end);
      const records = await retry('segments', () => stored.of(taken));
      const mark = end === batches.length ? reached : (taken.at(-1)?.origin ?? reached);
      const to = { next: from.next, mark };
      if (!(await put('index', from, to, records))) return;
      from = to;
      first = end;
    }
  }

  /** Until the end is reached, or what is next is not there any more. */
  async function readLog(at: Position, from: Position): Promise<void> {
    const intake = new Intake(edges, input, originOf);
    intake.restart(from);
    for (let row = at; row.mark < until; ) {
      const records = await retry('poll', () => input.poll({ ...intake.room(limits), waitMs: IDLE_MS }));
      intake.judge(records);
      if (!intake.isFull(limits) && !intake.idle && intake.mark < until) continue;
      if (intake.idle) intake.rouse(await retry('end', () => input.endOffset()));
      const taken = intake.drain().filter(({ origin }) => origin <= last);
      const end = taken.at(-1);
      if (!end) continue;
      const accepted = await retry('decode', async () =>
        eachOrRetry(taken, ({ origin, record }): PinnedRecord => ({ origin, value: edges.codec.decode(record.value) })),
      );
      const to = { next: end.next, mark: end.origin };
      if (!(await put('log', row, to, accepted.filter(mayHold)))) return;
      row = to;
      input.showProgress(row.next);
    }
  }

  const nextPlace = async (at: Position) =>
    nextSource(at, await edges.firstKept(partition), [
      ...(await index.checkpoints(partition)),
      await edges.indexed(partition),
    ]);

  for (;;) {
    revoked.throwIfAborted();
    const at = await retry('position', () => sink.position(partition));
    if (takesOver && known && !samePosition(at, known)) throw movedTo(at, known, edges, partition);
    known = at;
    const isBehind = at.mark < until;
    const next = await retry('source', async () => {
      const found = await nextPlace(at);
      if (isBehind && found.kind === 'nowhere')
        throw new RetriableError(
          'replay_waits',
          `Kafka no longer holds what follows origin ${at.mark} of partition ${partition}, and the indexer has not read it yet`,
        );
      return found;
    });
    if (!isBehind && !(takesOver && next.kind === 'index')) {
      const isAside = takesOver && next.kind === 'log' && next.from.next !== at.next;
      if (isAside && !(await put('log', at, next.from, []))) continue;
      return;
    }
    try {
      if (next.kind === 'log') await readLog(at, next.from);
      else if (next.kind === 'index') await readIndex(at, Math.min(next.upTo, last));
    } catch (error) {
      // Retention went on meanwhile: what is next is in the index by now.
      if (!(error instanceof TrimmedError)) throw error;
    }
  }
}

const movedTo = (at: Position, known: Position, { spec: { target } }: ReplayLaneEdges, partition: number) =>
  new ReplayRefused(
    'target_moved',
    `Somebody else has moved the position of partition ${partition} from origin ${known.mark} to ${at.mark}${target.kind === 'export' ? `, most likely export ${target.name} itself, which was let go on` : ''}: what lies between is missing for good. Cancel this replay, and replay into another export or an emptied sink.`,
  );
