import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Executor } from './database.ts';

/** What an erasure writes over a wrapped root. */
const OVERWRITTEN = new Uint8Array(0);

/**
 * Overwrites every root of an owner: what was sealed or encrypted under them is unreadable from then on.
 * Belongs in the transaction that writes the removal. @returns the versions that were overwritten now.
 */
export async function overwriteRoots(tx: Executor, { app, wallet }: Owner): Promise<number[]> {
  const rows = await tx
    .updateTable('user_roots')
    .set({ wrapped: OVERWRITTEN })
    .where('app', '=', app)
    .where('wallet', '=', wallet)
    .where('wrapped', '!=', OVERWRITTEN)
    .returning('root_version')
    .execute();
  return rows.map((row) => row.root_version).sort((a, b) => a - b);
}
