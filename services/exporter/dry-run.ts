import type { Pinned } from '../../schemas/index.ts';
import type { Accepted } from '../pipeline/accepted.ts';
import type { Codec } from '../pipeline/ports/codec.ts';
import type { LogHistory } from '../pipeline/ports/log.ts';
import { type Position, START } from '../pipeline/ports/positions.ts';
import type { ExportRow, Sink } from '../pipeline/ports/sink.ts';
import { originOf } from '../pipeline/rules/origin.ts';
import { readVerdict } from '../pipeline/rules/read.ts';
import { type DeliveryEdges, deliver } from './deliver.ts';

export interface DryRunEdges extends Omit<DeliveryEdges, 'sink' | 'count'> {
  readonly log: LogHistory;
  /** Full name of `pinned`. */
  readonly pinned: string;
  readonly codec: Codec<Pinned>;
  readonly partitions: number;
}

export interface DryRun {
  readonly rows: readonly ExportRow[];
  /** Batches that were looked at; those of other apps and voids among them. */
  readonly batches: number;
  /** Batches that could not be opened, by reason, as the export's metric counts them. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Opened together, as one delivery would. */
const STRETCH = 100;
/** Of one partition so many records are looked at. */
const MOST = 10_000;

/**
 * The first rows that an export would deliver, made by what delivers them: the log is read from where the export starts, without a group, and
 * where the sink would be, rows are kept in memory. Keys are asked for as always, which the owners' access log shows.
 * @param starts by partition; empty: at 0
 */
export async function dryRun(edges: DryRunEdges, starts: readonly Position[], limit: number): Promise<DryRun> {
  const rows: ExportRow[] = [];
  const refused: Record<string, number> = {};
  let batches = 0;
  const sink: Pick<Sink, 'put'> = {
    async put(all, _delivery, keep) {
      rows.push(...(keep ? await keep(all) : all));
      return true;
    },
  };
  const put = deliver({
    ...edges,
    sink: sink as Sink,
    count(kind, n) {
      if (kind === 'no_key' || kind === 'mismatch') refused[kind] = (refused[kind] ?? 0) + n;
    },
  });
  for (let partition = 0; partition < edges.partitions && rows.length < limit; partition += 1) {
    const from = starts[partition] ?? START;
    for await (const accepted of stretches(edges, partition, from)) {
      batches += accepted.length;
      await put(partition, from, from, accepted);
      if (rows.length >= limit) break;
    }
  }
  return { rows: rows.slice(0, limit), batches, refused };
}

/** What a reader would accept from there on. */
async function* stretches({ log, pinned, codec }: DryRunEdges, partition: number, from: Position) {
  let { mark } = from;
  let read = 0;
  let accepted: Accepted<Pinned>[] = [];
  for await (const record of log.readFrom(pinned, partition, from.next)) {
    const origin = originOf(record);
    if (origin !== null && readVerdict(origin, mark, { read: true }) === 'accept') {
      mark = origin;
      accepted.push({ origin, value: codec.decode(record.value), record, retryOf: null });
    }
    if (accepted.length >= STRETCH) {
      yield accepted;
      accepted = [];
    }
    read += 1;
    if (read >= MOST) break;
  }
  if (accepted.length > 0) yield accepted;
}
