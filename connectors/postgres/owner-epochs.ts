import { sql } from 'kysely';
import { type Epochs, fromHex, toHex } from '../../protocol/index.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Executor } from './database.ts';

/** The owner's epoch (0 before the first root) and which ends have begun one; locks the owner's roots until the transaction ends. */
export async function ownerEpochs(tx: Executor, { app, wallet }: Owner): Promise<Epochs> {
  const { rows: roots } = await sql<{ epoch: number }>`
    SELECT epoch FROM user_roots WHERE app = ${app} AND wallet = ${wallet} AND NOT prepared
    ORDER BY root_version FOR UPDATE`.execute(tx);
  const answered = await tx
    .selectFrom('requests')
    .select('id')
    .where('app', '=', app)
    .where('wallet', '=', wallet)
    .where('kind', 'in', ['grant', 'policy'])
    .where('answered', '=', true)
    .execute();
  return { epoch: Math.max(0, ...roots.map((root) => root.epoch)), answered: answered.map((row) => toHex(row.id)) };
}

/** One epoch for all roots of the owner: it belongs to (app, wallet). */
export async function setOwnerEpochs(tx: Executor, { app, wallet }: Owner, epochs: Epochs): Promise<void> {
  await sql`UPDATE user_roots SET epoch = ${epochs.epoch}
    WHERE app = ${app} AND wallet = ${wallet} AND epoch < ${epochs.epoch}`.execute(tx);
  const ids = epochs.answered.map((id) => fromHex(id, 16));
  await sql`UPDATE requests SET answered = true
    WHERE app = ${app} AND wallet = ${wallet} AND id = ANY(${ids}::bytea[]) AND NOT answered`.execute(tx);
}
