import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { type Position, START } from '../../../services/pipeline/ports/positions.ts';
import type { Delivery } from '../../../services/pipeline/ports/sink.ts';
import { claimOf, holdClaim } from '../claim.ts';
import { BOOKS, quoted } from './names.ts';
import type { Pool } from './pool.ts';

type Query = Pool['query'];

/** Where the deliveries of a partition stand. */
export interface Place {
  /** The last delivery. */
  readonly from: Position;
  readonly to: Position;
  /** Changes with every erasure and removal: whoever asked before it what may be shown asks again. */
  readonly epoch: string;
}

/** The export's own tables, in the schema of its rows. */
export interface Books {
  readonly erased: string;
  readonly tables: string;
  /** Makes schema and tables where they are not there, and writes whose they are, unless somebody has. @throws FatalError `another_log`, `another_export` */
  open(pool: Pool, context: Pick<SinkContext, 'log' | 'name'>): Promise<void>;
  /** Makes the row of a partition. Whatever reads afterwards what is erased, reads what an erasure wrote that did not find this row. */
  begin(query: Query, partition: number): Promise<void>;
  place(query: Query, partition: number, how: 'read' | 'lock'): Promise<Place | null>;
  /** The compare-and-set. @returns whether the place still was that one */
  move(query: Query, from: Place, delivery: Delivery): Promise<boolean>;
  /** From here on no delivery takes its place that asked before what may be shown. */
  bar(query: Query): Promise<void>;
}

/** Held by whoever makes or changes tables: members of an export meet what is new at once. */
export const LOCK_SCHEMA = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';
export const lockName = (schema: string): string => `cere-ddc/${schema}`;

const placeOf = (row: Record<string, unknown>): Place => ({
  from: { next: Number(row.from_next), mark: Number(row.from_mark) },
  to: { next: Number(row.next), mark: Number(row.mark) },
  epoch: String(row.epoch),
});

export function createBooks(schema: string): Books {
  const named = (name: string) => `${quoted(schema)}.${BOOKS}${name}`;
  const [positions, erased, tables, logs] = ['positions', 'erased', 'tables', 'log'].map(named) as [
    string,
    string,
    string,
    string,
  ];

  async function make(query: Query): Promise<void> {
    await query(LOCK_SCHEMA, [lockName(schema)]);
    const there = await query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
    if (there.length === 0) await query(`CREATE SCHEMA ${quoted(schema)}`);
    for (const [table, columns] of [
      [logs, 'id boolean PRIMARY KEY DEFAULT true CHECK (id), log text NOT NULL'],
      [
        positions,
        `partition integer PRIMARY KEY, from_next bigint NOT NULL, from_mark bigint NOT NULL, next bigint NOT NULL, mark bigint NOT NULL,
         epoch bigint NOT NULL DEFAULT 0`,
      ],
      [tables, 'name text PRIMARY KEY, relation text NOT NULL UNIQUE'],
      [erased, 'owner text PRIMARY KEY, before bigint NOT NULL, issued_at bigint NOT NULL, done boolean NOT NULL'],
    ])
      await query(`CREATE TABLE IF NOT EXISTS ${table} (${columns})`);
  }

  return {
    erased,
    tables,

    async open(pool, context) {
      // Asked first: who may make nothing may use what somebody made for him.
      const [there] = await pool.query('SELECT to_regclass($1) AS erased', [erased]);
      if (there?.erased === null) await pool.transaction(make);
      await pool.query(`INSERT INTO ${logs} (log) VALUES ($1) ON CONFLICT DO NOTHING`, [claimOf(context)]);
      const [theirs] = await pool.query(`SELECT log FROM ${logs}`);
      holdClaim(String(theirs?.log), context, `The schema ${schema}`, 'another schema');
    },

    async begin(query, partition) {
      const { next, mark } = START;
      await query(`INSERT INTO ${positions} VALUES ($1, $2, $3, $2, $3) ON CONFLICT DO NOTHING`, [
        partition,
        next,
        mark,
      ]);
    },

    async place(query, partition, how) {
      const lock = how === 'lock' ? 'FOR UPDATE' : '';
      const [row] = await query(`SELECT * FROM ${positions} WHERE partition = $1 ${lock}`, [partition]);
      return row ? placeOf(row) : null;
    },

    async move(query, { from, to, epoch }, delivery) {
      const moved = await query(
        `UPDATE ${positions} SET from_next = next, from_mark = mark, next = $2, mark = $3
         WHERE partition = $1 AND from_next = $4 AND from_mark = $5 AND next = $6 AND mark = $7 AND epoch = $8 RETURNING partition`,
        [delivery.partition, delivery.to.next, delivery.to.mark, from.next, from.mark, to.next, to.mark, epoch],
      );
      return moved.length > 0;
    },

    async bar(query) {
      await query(`UPDATE ${positions} SET epoch = epoch + 1`);
    },
  };
}
