import { sql } from 'kysely';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { ReplayJob, Replays } from '../../services/pipeline/ports/replays.ts';
import { isOver, reporterOf } from '../../services/pipeline/replays/job.ts';
import type { Database } from './database.ts';

/** Replay jobs in PostgreSQL. */
export function createReplays({ kysely }: Database): Replays {
  const read = (row: { version: number; job: unknown }) => ({ version: row.version, job: row.job as ReplayJob });
  return {
    async add(job) {
      const { numInsertedOrUpdatedRows } = await kysely
        .insertInto('replays')
        .values({ id: job.id, version: 1, job: JSON.stringify(job) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n)
        throw new FatalError('replay_exists', `There is a replay ${job.id} already.`);
    },
    async find(id) {
      const row = await kysely.selectFrom('replays').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? read(row) : null;
    },
    async list(limit, app) {
      const all = kysely.selectFrom('replays').selectAll();
      const rows = await (app === undefined ? all : all.where(sql<boolean>`job->'spec'->>'app' = ${app}`))
        .orderBy(sql`(job->>'createdAt')::bigint`, 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(read);
    },
    async waiting(limit) {
      const rows = await kysely
        .selectFrom('replays')
        .selectAll()
        .where(sql<boolean>`job->>'state' IN ('pending', 'running')`)
        .orderBy(sql`(job->>'createdAt')::bigint`)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(read);
    },
    async uncleared(limit) {
      const rows = await kysely
        .selectFrom('replays')
        .selectAll()
        .where(sql<boolean>`job->>'state' IN ('done', 'cancelled') AND job->>'clearedAt' IS NULL`)
        .orderBy(sql`(job->>'createdAt')::bigint`)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(read);
    },
    async intoExports() {
      const rows = await kysely
        .selectFrom('replays')
        .selectAll()
        .where(sql<boolean>`job->'spec'->'target'->>'kind' = 'export' AND job->>'clearedAt' IS NULL`)
        .orderBy(sql`(job->>'createdAt')::bigint`)
        .orderBy('id')
        .execute();
      return rows.map(read);
    },
    async change(id, version, job) {
      return kysely.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('replays')
          .set({ version: version + 1, job: JSON.stringify(job) })
          .where('id', '=', id)
          .where('version', '=', version)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return false;
        if (isOver(job) && job.spec.target.kind === 'sink')
          await transaction.deleteFrom('exports').where('name', '=', reporterOf(job)).execute();
        return true;
      });
    },
  };
}
