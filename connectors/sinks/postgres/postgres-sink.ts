import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { oneAtATime } from '../../../services/pipeline/one-at-a-time.ts';
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
import { chunks } from '../chunks.ts';
import { ownerCounts } from '../erased-owner.ts';
import { findUnfit, rejected } from '../unfit.ts';
import { createBooks, type Place } from './books.ts';
import { ownersGone, type Statement, selectionsGone } from './deletions.ts';
import { createErasures } from './erasures.ts';
import { heldRows } from './held.ts';
import { insertInto } from './insert.ts';
import { LIMITS } from './limits.ts';
import type { Pool } from './pool.ts';
import { createRelations } from './relations.ts';

/** Deleted with one statement: it must end within the statement timeout. */
const OWNERS_AT_ONCE = 1_000;
const SELECTIONS_AT_ONCE = 100;
/** So often a delivery may lose its place to erasures and removals before it locks it. */
const OPEN_ATTEMPTS = 2;

/** Rows and position in one transaction, of a schema in PostgreSQL. */
export function postgresSink(pool: Pool, schema: string, { log, name, reach = () => {} }: SinkContext): Sink {
  const books = createBooks(schema);
  const erasures = createErasures(pool, books.erased);
  const relations = createRelations(pool, schema, books);
  const serially = oneAtATime();
  const compiled = new Map<string, ReturnType<typeof compile>>();
  const compile = (table: Table) => ({ table, unfit: findUnfit(table, LIMITS), insert: insertInto(table) });

  function shapeOf(table: Table) {
    const key = `${table.version}/${table.name}`;
    const known = compiled.get(key) ?? compile(table);
    compiled.set(key, known);
    return known;
  }

  /** The rows by table, those that do not fit in `_rejected`. */
  function sorted(rows: readonly ExportRow[]): readonly ExportRow[][] {
    const groups = new Map<string, ExportRow[]>();
    for (const row of rows) {
      const why = row.table.name === REJECTED_TABLE ? null : shapeOf(row.table).unfit(row);
      const placed = why === null ? row : rejected(row, 'unstorable', why);
      const key = `${placed.table.version}/${placed.table.name}`;
      const group = groups.get(key);
      if (group) group.push(placed);
      else groups.set(key, [placed]);
    }
    return [...groups.values()];
  }

  async function statementsOf(rows: readonly ExportRow[]): Promise<readonly Statement[]> {
    const statements: Statement[] = [];
    for (const group of sorted(rows)) {
      const [{ table }] = group as [ExportRow];
      const { insert } = shapeOf(table);
      statements.push([insert.statement(await relations.ensure(table)), insert.parameters(group)]);
    }
    return statements;
  }

  type Query = Pool['query'];

  /** The place that a delivery is to take, or whether it has it already. */
  async function placeFor(query: Query, delivery: Delivery, how: 'read' | 'lock'): Promise<Place | boolean> {
    const { partition, from, to } = delivery;
    const place = await books.place(query, partition, how);
    if (!place) {
      await books.begin(pool.query, partition);
      return placeFor(query, delivery, how);
    }
    if (samePosition(place.from, from) && samePosition(place.to, to)) return true;
    return samePosition(place.to, from) && place;
  }

  async function write(query: Query, statements: readonly Statement[], place: Place, delivery: Delivery) {
    for (const [text, parameters] of statements) await query(text, parameters);
    await reach('staged');
    return (await books.move(query, place, delivery)) || null;
  }

  // What may be shown is asked after the place: an erasure or removal that is not known yet changes its epoch.
  const ready = async (rows: readonly ExportRow[], keep: KeepRows) =>
    statementsOf(await keep(await erasures.spared(rows)));

  /** @returns null when an erasure or removal came between: then what may be shown is to be asked again */
  async function attempt(rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows): Promise<boolean | null> {
    const place = await placeFor(pool.query, delivery, 'read');
    if (typeof place === 'boolean') return place;
    const statements = await ready(rows, keep);
    return pool.transaction((query) => write(query, statements, place, delivery));
  }

  /** The same holding the place: erasures and removals wait for it. */
  const attemptLocked = (rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows): Promise<boolean | null> =>
    pool.transaction(async (query) => {
      const place = await placeFor(query, delivery, 'lock');
      return typeof place === 'boolean' ? place : write(query, await ready(rows, keep), place, delivery);
    });

  async function put(
    rows: readonly ExportRow[],
    delivery: Delivery,
    keep: KeepRows = async (all) => all,
  ): Promise<boolean> {
    let moved: boolean | null = null;
    for (let n = 0; moved === null; n += 1) {
      moved = await (n < OPEN_ATTEMPTS
        ? attempt(rows, delivery, keep)
        : serially(() => attemptLocked(rows, delivery, keep)));
    }
    if (moved) {
      await reach('committed');
      await reach('placed');
    }
    return moved;
  }

  async function erase(owners: readonly RowOwner[]): Promise<readonly number[]> {
    const { counts, add } = ownerCounts(owners);
    const due = await erasures.due(owners);
    if (due.length === 0) return counts;
    // In this order: who asks after it was noted leaves these rows out, and whoever asked before loses the place.
    await erasures.note(due);
    await books.bar(pool.query);
    for (const relation of await relations.all()) {
      for (const some of chunks(due, OWNERS_AT_ONCE)) {
        for (const { app, wallet, rows } of await deleted([ownersGone(relation, some)]))
          add({ app: String(app), wallet: String(wallet) }, Number(rows));
      }
    }
    await erasures.done(due);
    return counts;
  }

  async function remove(selections: readonly RowSelection[]): Promise<readonly number[]> {
    const counts = selections.map(() => 0);
    if (selections.length === 0) return counts;
    await books.bar(pool.query);
    const numbered = selections.map((selection, n) => ({ selection, n }));
    const all = await relations.all();
    const statements = all.flatMap((relation) =>
      [...chunks(numbered, SELECTIONS_AT_ONCE)].map((some) => selectionsGone(relation, some)),
    );
    for (const { n, rows } of await deleted(statements)) counts[Number(n)] = (counts[Number(n)] ?? 0) + Number(rows);
    return counts;
  }

  /** In one transaction: what was deleted is counted, or is still there. */
  async function deleted(statements: readonly Statement[]): Promise<readonly Record<string, unknown>[]> {
    const answers = await pool.transaction(async (query) => {
      const rows: Record<string, unknown>[] = [];
      for (const [text, parameters] of statements) rows.push(...(await query(text, parameters)));
      await reach('drafted');
      return rows;
    });
    await reach('rewritten');
    return answers;
  }

  /** A table that was dropped or changed behind us is looked up, and made, again. */
  const afresh = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      relations.forget();
      throw error;
    }
  };

  return {
    check: () => books.open(pool, { log, name }),
    put: (rows, delivery, keep) => afresh(put(rows, delivery, keep)),
    position: async (partition) => (await books.place(pool.query, partition, 'read'))?.to ?? START,
    erase: (owners) => afresh(erase(owners)),
    remove: (selections) => afresh(remove(selections)),
    held: (show) => heldRows(pool, books, schema, show),
    close: () => pool.close(),
  };
}
