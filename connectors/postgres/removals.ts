import type { Erasure } from '../../services/pipeline/ports/erasures.ts';
import type { Executor } from './database.ts';

/** (app, wallet) as one text, to look owners up by. */
export const ownerKey = (owner: { app: Uint8Array; wallet: Uint8Array }): string =>
  Buffer.concat([owner.app, owner.wallet]).toString('base64');

/** Erasures of these wallets (in any app), by `ownerKey`. Read it in the transaction that accepts. */
export async function erasuresOf(tx: Executor, wallets: readonly Uint8Array[]): Promise<Map<string, Erasure[]>> {
  const rows = await tx
    .selectFrom('removals')
    .select(['app', 'wallet', 'issued_at', 'fence', 'root_versions'])
    .where('kind', '=', 'erase')
    .where('wallet', 'in', wallets.length === 0 ? [new Uint8Array()] : [...wallets])
    .execute();
  const found = new Map<string, Erasure[]>();
  for (const row of rows) {
    const erasure = {
      app: row.app,
      wallet: row.wallet,
      issuedAt: row.issued_at,
      fence: row.fence,
      rootVersions: row.root_versions,
    };
    const key = ownerKey(row);
    found.set(key, [...(found.get(key) ?? []), erasure]);
  }
  return found;
}

/** Writes (or moves on) the row of an erasure. */
export async function putErasure(tx: Executor, id: Uint8Array, erasure: Erasure): Promise<void> {
  const values = {
    app: erasure.app,
    wallet: erasure.wallet,
    kind: 'erase' as const,
    selector: null,
    issued_at: erasure.issuedAt,
    fence: erasure.fence,
    root_versions: [...erasure.rootVersions],
  };
  await tx
    .insertInto('removals')
    .values({ id, ...values })
    .onConflict((conflict) =>
      conflict
        .columns(['app', 'wallet', 'id'])
        .doUpdateSet({ fence: values.fence, root_versions: values.root_versions }),
    )
    .execute();
}
