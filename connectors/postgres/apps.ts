import { sql } from 'kysely';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { App, Apps } from '../../services/pipeline/ports/apps.ts';
import type { Database } from './database.ts';

/** Pot indexes are a u16 on the chain. */
const POTS = 65_536;

/** Registered apps in PostgreSQL. */
export function createApps(db: Database): Apps {
  const { kysely } = db;

  const find = async (app: Uint8Array): Promise<App | null> => {
    const row = await kysely.selectFrom('apps').selectAll().where('app', '=', app).executeTakeFirst();
    return row ?? null;
  };

  return {
    find,

    async add({ app, tier, open, origins }) {
      return kysely.transaction().execute(async (tx) => {
        // Two registrations at once would take the same next pot.
        await sql`LOCK TABLE apps IN EXCLUSIVE MODE`.execute(tx);
        const known = await tx
          .updateTable('apps')
          .set({ app, tier, open, origins })
          .where('app', '=', app)
          .returningAll()
          .executeTakeFirst();
        if (known) return known;
        const { last } = await tx
          .selectFrom('apps')
          .select((select) => select.fn.max('pot').as('last'))
          .executeTakeFirstOrThrow();
        const pot = last === null ? 0 : last + 1;
        if (pot >= POTS) {
          throw new FatalError('pots_exhausted', `All ${POTS} pots of this operator are taken: use another operator.`);
        }
        const values = { app, tier: tier ?? 'free', open: open ?? false, origins: origins ?? [], pot };
        return tx.insertInto('apps').values(values).returningAll().executeTakeFirstOrThrow();
      });
    },

    async list() {
      return kysely.selectFrom('apps').selectAll().orderBy('pot').execute();
    },

    async origins() {
      const { rows } = await sql<{ origin: string }>`
        SELECT DISTINCT unnest(CASE WHEN open AND cardinality(origins) = 0 THEN '{*}' ELSE origins END) AS origin
        FROM apps`.execute(kysely);
      return rows.map((row) => row.origin);
    },

    async setUnpaid(app, unpaid) {
      await kysely.updateTable('apps').set({ unpaid }).where('app', '=', app).execute();
    },
  };
}
