import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { START, samePosition } from '../../../services/pipeline/ports/positions.ts';
import type {
  Delivery,
  ExportRow,
  KeepRows,
  RowOwner,
  RowSelection,
  Sink,
} from '../../../services/pipeline/ports/sink.ts';
import { REJECTED_TABLE, type Table } from '../../../services/pipeline/ports/table.ts';
import { ownerCounts } from '../erased-owner.ts';
import { findUnfit, rejected } from '../unfit.ts';
import { createBulk } from './bulk.ts';
import { claim } from './claim.ts';
import type { OpenSearch } from './client.ts';
import { type Doomed, deleteFrom, ofOwners, ofSelections } from './deletions.ts';
import { createDocuments } from './documents.ts';
import { createErasures } from './erasures.ts';
import { createFence } from './fence.ts';
import { heldDocuments } from './held.ts';
import { createIndices, type IndexConfig } from './indices.ts';
import { booksIndex } from './names.ts';
import { createPlaces } from './places.ts';
import { bulkLines, LIMITS } from './source.ts';
import { withoutStrays } from './strays.ts';

/** A document per row, by an id that the row itself has, and a document per partition for its position, moved by compare-and-set. */
export function opensearchSink(
  client: OpenSearch,
  config: IndexConfig,
  { log, name, reach = () => {} }: SinkContext,
): Sink {
  const closing = new AbortController();
  const books = booksIndex(config.index);
  const bulk = createBulk(client, closing.signal);
  const documents = createDocuments(client, books);
  const places = createPlaces(documents);
  const fence = createFence(client, documents, books);
  const erasures = createErasures(client, bulk, books);
  const indices = createIndices(client, documents, config);
  /** Partitions that hold nothing beyond their position: this process has moved it last, right after it had written. */
  const settled = new Set<number>();
  const compiled = new Map<string, ReturnType<typeof compile>>();
  const compile = (table: Table) => ({ unfit: findUnfit(table, LIMITS), lines: bulkLines(table) });

  function shapeOf(table: Table) {
    const key = `${table.version}/${table.name}`;
    const known = compiled.get(key) ?? compile(table);
    compiled.set(key, known);
    return known;
  }

  const fitting = (row: ExportRow): ExportRow => {
    const why = row.table.name === REJECTED_TABLE ? null : shapeOf(row.table).unfit(row);
    return why === null ? row : rejected(row, 'unstorable', why);
  };

  /** @returns rows that were refused, as they belong in `_rejected`; null when the fence was closed meanwhile */
  async function write(rows: readonly ExportRow[], fence: string): Promise<readonly ExportRow[] | null> {
    const lines: string[] = [];
    for (const row of rows) lines.push(shapeOf(row.table).lines(row, await indices.ensure(row.table)));
    const outcomes = await bulk.send(lines, { fence });
    if (outcomes.some(({ kind }) => kind === 'fenced')) return null;
    return rows.flatMap((row, i) => {
      const outcome = outcomes[i];
      if (outcome?.kind !== 'refused') return [];
      if (row.table.name === REJECTED_TABLE)
        throw new Error(`OpenSearch refused a row of ${REJECTED_TABLE}: ${outcome.why}`);
      return [rejected(row, 'refused', outcome.why)];
    });
  }

  /** @returns null when an erasure or removal came between, or another delivery: then everything is to be asked again */
  async function attempt(rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows): Promise<boolean | null> {
    const { partition } = delivery;
    const place = await places.read(partition);
    if (place.read && samePosition(place.from, delivery.from) && samePosition(place.to, delivery.to)) return true;
    if (!samePosition(place.to, delivery.from)) return false;
    const through = await fence.current();
    // Asked after the fence: an erasure or removal that is not known yet closes it.
    const kept = (await keep(await erasures.spared(rows))).map(fitting);
    const left = settled.delete(partition)
      ? kept
      : await withoutStrays(client, indices, kept, partition, place.to.mark);
    await reach('staged');
    const refused = await write(left, through);
    const written = refused && (refused.length === 0 ? refused : await write(refused, through));
    if (written === null) {
      // Closed by an erasure or removal, which has put another in its place; or lost by the cluster: then that is on us.
      if ((await fence.current()) === through) await fence.change();
      return null;
    }
    await reach('written');
    if (!(await places.move(place, delivery))) return null;
    settled.add(partition);
    return true;
  }

  async function put(
    rows: readonly ExportRow[],
    delivery: Delivery,
    keep: KeepRows = async (all) => all,
  ): Promise<boolean> {
    let moved: boolean | null = null;
    while (moved === null) moved = await attempt(rows, delivery, keep);
    if (moved) {
      await reach('committed');
      await reach('placed');
    }
    return moved;
  }

  async function deleteAll(doomed: Doomed, count: (n: number) => void): Promise<void> {
    for (const index of Object.keys(await indices.all()))
      await deleteFrom(index, doomed, { client, bulk, reach }, count);
  }

  async function erase(owners: readonly RowOwner[]): Promise<readonly number[]> {
    const { counts, add } = ownerCounts(owners);
    const due = await erasures.due(owners);
    if (due.length === 0) return counts;
    // In this order: who asks after it was noted leaves these rows out, and whoever asked before does not get in.
    await erasures.note(due);
    await fence.change();
    await deleteAll(ofOwners(due), (n) => due[n] && add(due[n], 1));
    await erasures.done(due);
    return counts;
  }

  async function remove(selections: readonly RowSelection[]): Promise<readonly number[]> {
    const counts = selections.map(() => 0);
    if (selections.length === 0) return counts;
    await fence.change();
    await deleteAll(ofSelections(selections), (n) => {
      counts[n] = (counts[n] ?? 0) + 1;
    });
    return counts;
  }

  /** An index that was deleted or changed behind us is looked up, and made, again. */
  const afresh = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      indices.forget();
      throw error;
    }
  };

  return {
    check: () => claim(client, books, { log, name }, config.replicas),
    put: (rows, delivery, keep) => afresh(put(rows, delivery, keep)),
    position: async (partition) => (await places.read(partition))?.to ?? START,
    erase: (owners) => afresh(erase(owners)),
    remove: (selections) => afresh(remove(selections)),
    held: async (show) => heldDocuments(client, await indices.all(), show),
    async close() {
      closing.abort();
      await client.close();
    },
  };
}
