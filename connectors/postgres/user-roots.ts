import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Executor } from './database.ts';

/** What an erasure writes over a wrapped root. */
export const OVERWRITTEN = new Uint8Array(0);

/** A root that waits for a move counts for nothing: it goes when another becomes the newest, so that it never stands below that one. */
export async function dropPrepared(tx: Executor, { app, wallet }: Owner): Promise<void> {
  await tx
    .deleteFrom('user_roots')
    .where('app', '=', app)
    .where('wallet', '=', wallet)
    .where('prepared', '=', true)
    .execute();
}

/**
 * Overwrites every root of an owner: what was sealed or encrypted under them is unreadable from then on.
 * Belongs in the transaction that writes the removal. @returns the versions that were overwritten now.
 */
export async function overwriteRoots(tx: Executor, owner: Owner): Promise<number[]> {
  const { app, wallet } = owner;
  await dropPrepared(tx, owner);
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
