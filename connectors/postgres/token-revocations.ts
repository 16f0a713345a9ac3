import type { TokenRevocations } from '../../services/pipeline/ports/token-revocations.ts';
import type { Database } from './database.ts';

/** Revoked tokens in PostgreSQL. */
export const createTokenRevocations = ({ kysely }: Database): TokenRevocations => ({
  live: (now) => kysely.selectFrom('token_revocations').selectAll().where('until', '>', now).execute(),

  async prune(now) {
    const { numDeletedRows } = await kysely
      .deleteFrom('token_revocations')
      .where('until', '<=', now)
      .executeTakeFirst();
    return Number(numDeletedRows);
  },
});
