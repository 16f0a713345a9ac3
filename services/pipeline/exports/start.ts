import type { ExportDeclaration } from '../ports/exports.ts';
import type { IndexStore } from '../ports/index-store.ts';
import type { LogHistory, LogLookup, LogPlaces } from '../ports/log.ts';
import { type Position, type Positions, START } from '../ports/positions.ts';
import { originOf } from '../rules/origin.ts';
import { readVerdict } from '../rules/read.ts';

export interface StartEdges {
  readonly log: LogHistory & LogPlaces & Pick<LogLookup, 'endOffset'>;
  /** Full name of `pinned`. */
  readonly pinned: string;
  readonly partitions: number;
  readonly index: Pick<IndexStore, 'checkpoints'>;
  readonly positions: Pick<Positions, 'load'>;
}

/** The log does not reach back to where an export was to start. */
export class StartTrimmed extends Error {
  readonly code = 'start_trimmed';
  constructor(partition: number, since: number | null) {
    super(
      `partition ${partition} of the log begins ${since === null ? 'later' : `at ${new Date(since).toISOString()}`}: start then or later, and replay what was before`,
    );
    this.name = 'StartTrimmed';
  }
}

/**
 * The pair (offset, mark) at which each partition starts. Offsets alone would not do: the first record accepted is the one after the mark, and
 * what stands in the log may be a copy of an earlier one.
 * @returns by partition; empty: all at 0
 * @throws StartTrimmed
 */
export async function startsOf(edges: StartEdges, from: ExportDeclaration['from']): Promise<Position[]> {
  const { log, pinned, partitions } = edges;
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const starts = await Promise.all(
    all.map(async (partition) => {
      const first = await log.firstOffset(pinned, partition);
      const trimmed = async () => new StartTrimmed(partition, await log.appendedAt(pinned, partition, first));
      if (from === 'beginning') {
        if (first > 0) throw await trimmed();
        return START;
      }
      const place =
        from === 'now' ? await log.endOffset(pinned, partition) : await log.offsetAt(pinned, partition, from);
      // What stood before the first record may have been of that time, too.
      if (from !== 'now' && first > 0 && place === first) throw await trimmed();
      const known = await pairBefore(edges, partition, first, place);
      if (!known) throw await trimmed();
      return { next: place, mark: await markAt(edges, partition, known, place) };
    }),
  );
  return from === 'beginning' ? [] : starts;
}

/** The last known pair at or before a place that can still be read on from. */
async function pairBefore(
  { index, positions }: StartEdges,
  partition: number,
  first: number,
  place: number,
): Promise<Position | null> {
  const known = [START, ...(await index.checkpoints(partition)), await positions.load('indexer', partition)];
  return known
    .filter(({ next }) => next >= first && next <= place)
    .reduce<Position | null>((last, one) => (last === null || one.next > last.next ? one : last), null);
}

/** What a reader's mark is once it has read up to a place. */
async function markAt({ log, pinned }: StartEdges, partition: number, from: Position, place: number): Promise<number> {
  let { mark } = from;
  if (from.next >= place) return mark;
  for await (const record of log.readFrom(pinned, partition, from.next)) {
    if (record.offset >= place) break;
    const origin = originOf(record);
    if (origin !== null && readVerdict(origin, mark, { read: true }) === 'accept') mark = origin;
  }
  return mark;
}
