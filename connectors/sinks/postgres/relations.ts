import { FatalError } from '../../../services/pipeline/errors.ts';
import { COMMON_COLUMNS } from '../../../services/pipeline/ports/row-columns.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { type Books, LOCK_SCHEMA, lockName } from './books.ts';
import { sqlColumn } from './column.ts';
import { columnName, quoted, relationNames } from './names.ts';
import type { Pool } from './pool.ts';

type Query = Pool['query'];

/** The SQL tables of an export. */
export interface Relations {
  /** Makes the table, or adds what it lacks. @returns its name as SQL. @throws FatalError `sink_table_differs` when it holds something else */
  ensure(table: Table): Promise<string>;
  /** Names of all there are, as SQL. */
  all(): Promise<readonly string[]>;
  /** Something was not as it was thought to be: what is known is looked up again. */
  forget(): void;
}

/** Columns of a table that events cannot lack. */
const NULLABLE = new Set(['session', 'blob']);
const MADE_BY = 'Rows of an export of cere-ddc; its deliveries stand in _ddc_positions.';

interface Wanted {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
}

const wantedOf = (table: Table): readonly Wanted[] => [
  ...COMMON_COLUMNS.map(({ name, type }) => ({ name, type: sqlColumn(type).type, notNull: !NULLABLE.has(name) })),
  ...table.columns.map(({ name, type }) => ({ name: columnName(name), type: sqlColumn(type).type, notNull: false })),
];

export function createRelations(pool: Pool, schema: string, books: Books): Relations {
  const known = new Map<string, string>();
  const asSql = (relation: string) => `${quoted(schema)}.${quoted(relation)}`;

  /** The table's own name; the longer one where another table of this export has taken the short one. */
  async function nameOf(query: Query, table: string): Promise<string> {
    for (const relation of relationNames(table)) {
      await query(`INSERT INTO ${books.tables} VALUES ($1, $2) ON CONFLICT DO NOTHING`, [table, relation]);
      const [mine] = await query(`SELECT relation FROM ${books.tables} WHERE name = $1`, [table]);
      if (mine) return String(mine.relation);
    }
    throw new FatalError(
      'sink_table_differs',
      `The schema ${schema} has no name left for the table ${table}: use another schema.`,
    );
  }

  async function columnsOf(query: Query, relation: string) {
    return query(
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AND NOT atthasdef AND attidentity = '' AS needed
       FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped`,
      [schema, relation],
    );
  }

  async function create(query: Query, relation: string, wanted: readonly Wanted[]): Promise<void> {
    const columns = wanted.map(({ name, type, notNull }) => `${quoted(name)} ${type}${notNull ? ' NOT NULL' : ''}`);
    await query(`CREATE TABLE ${asSql(relation)} (${columns.join(', ')})`);
    // By it the rows of an owner are found that are to be deleted; and what a wallet did, in order.
    await query(`CREATE INDEX ON ${asSql(relation)} (wallet, time)`);
    await query(`COMMENT ON TABLE ${asSql(relation)} IS '${MADE_BY}'`);
  }

  function compare(
    relation: string,
    wanted: readonly Wanted[],
    there: readonly Record<string, unknown>[],
  ): readonly Wanted[] {
    const types = new Map(there.map(({ name, type }) => [String(name), String(type)]));
    const names = new Set(wanted.map(({ name }) => name));
    const differing = [
      ...wanted.flatMap(({ name, type }) => {
        const theirs = types.get(name);
        return theirs === undefined || theirs === type
          ? []
          : [`column ${name} is ${theirs}, and the export writes ${type}`];
      }),
      ...there.flatMap(({ name, needed }) =>
        needed && !names.has(String(name)) ? [`column ${name} needs a value, and the export has none`] : [],
      ),
    ];
    if (differing.length === 0) return wanted.filter(({ name }) => !types.has(name));
    throw new FatalError(
      'sink_table_differs',
      `The table ${schema}.${relation} does not fit what is exported: ${differing.join('; ')}. Rename or change it, or use another schema.`,
    );
  }

  const ensured = (table: Table) =>
    pool.transaction(async (query) => {
      await query(LOCK_SCHEMA, [lockName(schema)]);
      const relation = await nameOf(query, table.name);
      const there = await columnsOf(query, relation);
      const wanted = wantedOf(table);
      if (there.length === 0) await create(query, relation, wanted);
      else
        for (const { name, type } of compare(relation, wanted, there))
          await query(`ALTER TABLE ${asSql(relation)} ADD COLUMN ${quoted(name)} ${type}`);
      return asSql(relation);
    });

  return {
    async ensure(table) {
      const key = `${table.version}/${table.name}`;
      const relation = known.get(key) ?? (await ensured(table));
      known.set(key, relation);
      return relation;
    },
    all: async () =>
      (await pool.query(`SELECT relation FROM ${books.tables}`)).map(({ relation }) => asSql(String(relation))),
    forget: () => known.clear(),
  };
}
