import { sql } from 'kysely';
import { FatalError } from '../../services/pipeline/errors.ts';
import { type Position, type Positions, START, type Stage } from '../../services/pipeline/ports/positions.ts';
import type { Database, Executor } from './database.ts';

/**
 * The one compare-and-set of the rows: moves `(stage, partition)` from `from` to `to` if it still stands there, in the given
 * log. Pass the transaction of the effect so that both happen or neither.
 * @returns false when the row is elsewhere (or absent): drop buffers, roll back, reload, seek.
 */
export async function casPosition(
  tx: Executor,
  stage: Stage,
  partition: number,
  log: Uint8Array,
  from: Position,
  to: Position,
): Promise<boolean> {
  const result = await tx
    .updateTable('positions')
    .set({ next: to.next, mark: to.mark })
    .where('stage', '=', stage)
    .where('partition', '=', partition)
    .where('log', '=', log)
    .where('next', '=', from.next)
    .where('mark', '=', from.mark)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** `positions`, `crashes` and `parked` in PostgreSQL, for the log with this id. */
export function createPositions(db: Database, log: Uint8Array): Positions {
  const { kysely } = db;

  const read = (stage: Stage, partition: number) =>
    kysely
      .selectFrom('positions')
      .select(['log', 'next', 'mark'])
      .where('stage', '=', stage)
      .where('partition', '=', partition)
      .executeTakeFirst();

  return {
    async load(stage, partition) {
      let row = await read(stage, partition);
      if (!row) {
        await kysely
          .insertInto('positions')
          .values({ stage, partition, log, next: START.next, mark: START.mark })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        row = await read(stage, partition);
      }
      if (!row) throw new Error(`positions(${stage}, ${partition}) vanished after it was created`);
      if (Buffer.compare(row.log, log) !== 0) {
        throw new FatalError(
          'another_log',
          `positions(${stage}, ${partition}) counts offsets of log ${Buffer.from(row.log).toString('hex')}, but the topics are log ${Buffer.from(log).toString('hex')}. Point at the right Kafka or the right database; a new log needs an empty database.`,
        );
      }
      return { next: row.next, mark: row.mark };
    },

    compareAndSet: (stage, partition, from, to) => casPosition(kysely, stage, partition, log, from, to),

    async repair(upstream, partition, mark) {
      const result = await kysely
        .updateTable('positions')
        .set(upstream === 'encryptor' ? { mark, next: mark + 1 } : { mark })
        .where('stage', '=', upstream)
        .where('partition', '=', partition)
        .where('log', '=', log)
        .where('mark', '>', mark)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async countCrash(stage, partition, next) {
      const { rows } = await sql<{ n: number }>`
        INSERT INTO crashes AS c (stage, partition, log, next, n) VALUES (${stage}, ${partition}, ${log}, ${next}, 1)
        ON CONFLICT (stage, partition) DO UPDATE
          SET n = CASE WHEN c.next = excluded.next AND c.log = excluded.log THEN c.n + 1 ELSE 1 END,
              next = excluded.next, log = excluded.log
        RETURNING n`.execute(kysely);
      return rows[0]?.n ?? 0;
    },

    async crashes(stage, partition, next) {
      const row = await kysely
        .selectFrom('crashes')
        .select('n')
        .where('stage', '=', stage)
        .where('partition', '=', partition)
        .where('log', '=', log)
        .where('next', '=', next)
        .executeTakeFirst();
      return row?.n ?? 0;
    },

    async crashPlace(stage, partition) {
      const row = await kysely
        .selectFrom('crashes')
        .select('next')
        .where('stage', '=', stage)
        .where('partition', '=', partition)
        .where('log', '=', log)
        .executeTakeFirst();
      return row?.next ?? null;
    },

    async forgetCrashes(stage, partition, next) {
      await kysely
        .deleteFrom('crashes')
        .where('stage', '=', stage)
        .where('partition', '=', partition)
        .where('log', '=', log)
        .where('next', '=', next)
        .execute();
    },

    async park(stage, partition, next) {
      await kysely
        .insertInto('parked')
        .values({ stage, partition, log, next })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async parked(stage, partition, next) {
      const row = await kysely
        .selectFrom('parked')
        .select('next')
        .where('stage', '=', stage)
        .where('partition', '=', partition)
        .where('log', '=', log)
        .where('next', '=', next)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}
