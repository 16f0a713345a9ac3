import { sql } from 'kysely';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { Database } from './database.ts';

/**
 * Runs `work` while this instance holds an advisory lock; the lock belongs to one connection, so it falls with the process or the server.
 * It saves work and noise; nothing may depend on it alone, because a frozen leader wakes up without knowing that it was replaced.
 * @param key any number that all candidates share
 * @param work is given `still`, which throws `RetriableError` once the connection that holds the lock is gone
 * @returns false when another instance leads
 */
export async function whileLeading(
  db: Database,
  key: number,
  work: (still: () => Promise<void>) => Promise<void>,
): Promise<boolean> {
  return db.kysely.connection().execute(async (connection) => {
    const { rows } = await sql<{ got: boolean }>`SELECT pg_try_advisory_lock(${key}) AS got`.execute(connection);
    if (!rows[0]?.got) return false;
    const still = async () => {
      const held = await sql<{ held: boolean }>`
        SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${key} AND pid = pg_backend_pid() AND granted) AS held
      `.execute(connection);
      if (!held.rows[0]?.held) throw new RetriableError('leadership_lost', 'The lock that says who drives is gone.');
    };
    try {
      await work(still);
    } finally {
      await release(connection, key);
    }
    return true;
  });
}

/** A connection that is gone has let go of the lock already. */
async function release(
  connection: Parameters<Parameters<ReturnType<Database['kysely']['connection']>['execute']>[0]>[0],
  key: number,
) {
  try {
    await sql`SELECT pg_advisory_unlock(${key})`.execute(connection);
  } catch (error) {
    if (!(error instanceof RetriableError)) throw error;
  }
}
