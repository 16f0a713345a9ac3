import { sql } from 'kysely';
import type { Owner, Vault } from '../../services/pipeline/ports/vault.ts';
import type { Database, Executor } from '../postgres/database.ts';
import { OVERWRITTEN, type StoredRoot } from './open-root.ts';
import type { RootStore } from './store.ts';
import { createVault, type VaultOptions } from './vault.ts';

type Row = StoredRoot & { rootVersion: number };

export interface PostgresVaultOptions extends VaultOptions {
  /** Stays open when the vault closes. */
  readonly db: Database;
}

/** The vault over table `user_roots`. */
export function openVault({ db, ...options }: PostgresVaultOptions): Vault {
  return { ...createVault(postgresRootStore(db), options), close: async () => undefined };
}

/**
 * Overwrites every root of an owner: what was sealed or encrypted under them is unreadable from then on.
 * Belongs in the transaction that writes the removal. @returns the versions that were overwritten now.
 */
export async function overwriteRoots(tx: Executor, owner: Owner): Promise<number[]> {
  const rows = await tx
    .updateTable('user_roots')
    .set({ wrapped: OVERWRITTEN })
    .where('app', '=', owner.app)
    .where('wallet', '=', owner.wallet)
    .where('wrapped', '!=', OVERWRITTEN)
    .returning('root_version')
    .execute();
  return rows.map((row) => row.root_version).sort((a, b) => a - b);
}

function postgresRootStore(db: Database): RootStore {
  return {
    async newest(owners, fresh) {
      const found: (Row | undefined)[] = new Array(owners.length).fill(undefined);
      // Whoever loses the race to create sees neither its own row nor, in its snapshot, the winner's: it asks again.
      for (let left = owners.map((_, i) => i); left.length > 0; left = left.filter((i) => !found[i])) {
        const rows = await createIfAbsent(
          db,
          left.map((i) => owners[i] as Owner),
          left.map((i) => fresh[i] as Uint8Array),
        );
        for (const { at, ...row } of rows) found[left[at - 1] as number] = row;
      }
      return found as Row[];
    },

    async find(refs) {
      const { rows } = await sql<StoredRoot & { at: number }>`
        SELECT w.at, r.wrapped, r.epoch, r.mode, r.subject
        FROM unnest(${bytea(refs, 'app')}::bytea[], ${bytea(refs, 'wallet')}::bytea[], ${refs.map((ref) => ref.rootVersion)}::int[])
          WITH ORDINALITY AS w (app, wallet, root_version, at)
        JOIN user_roots r USING (app, wallet, root_version)`.execute(db.kysely);
      const found: (StoredRoot | undefined)[] = refs.map(() => undefined);
      for (const { at, ...row } of rows) found[at - 1] = row;
      return found;
    },
  };
}

/** One round trip for any number of owners, distinct. */
async function createIfAbsent(db: Database, owners: readonly Owner[], fresh: readonly Uint8Array[]) {
  const { rows } = await sql<Row & { at: number }>`
    WITH wanted AS (
      SELECT * FROM unnest(${bytea(owners, 'app')}::bytea[], ${bytea(owners, 'wallet')}::bytea[], ${fresh.map((wrapped) => Buffer.from(wrapped))}::bytea[])
        WITH ORDINALITY AS w (app, wallet, wrapped, at)
    ), known AS (
      SELECT w.at, r.* FROM wanted w CROSS JOIN LATERAL (
        SELECT root_version, wrapped, epoch, mode, subject FROM user_roots
        WHERE app = w.app AND wallet = w.wallet ORDER BY root_version DESC LIMIT 1
      ) r
    ), made AS (
      INSERT INTO user_roots (app, wallet, root_version, wrapped)
      SELECT app, wallet, 1, wrapped FROM wanted w WHERE NOT EXISTS (SELECT FROM known k WHERE k.at = w.at)
      ORDER BY app, wallet
      ON CONFLICT DO NOTHING
      RETURNING app, wallet, root_version, wrapped, epoch, mode, subject
    )
    SELECT at, root_version AS "rootVersion", wrapped, epoch, mode, subject FROM known
    UNION ALL
    SELECT w.at, m.root_version, m.wrapped, m.epoch, m.mode, m.subject FROM made m JOIN wanted w USING (app, wallet)`.execute(
    db.kysely,
  );
  return rows;
}

const bytea = (owners: readonly Owner[], field: 'app' | 'wallet') => owners.map((owner) => Buffer.from(owner[field]));
