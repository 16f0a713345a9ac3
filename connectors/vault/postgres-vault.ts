import { sql } from 'kysely';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { Owner, Vault } from '../../services/pipeline/ports/vault.ts';
import { createConsents } from '../postgres/consents.ts';
import type { Database } from '../postgres/database.ts';
import type { StoredRoot } from './open-root.ts';
import type { NewestRoot, RootStore, VersionedRoot } from './store.ts';
import { createVault, type VaultOptions } from './vault.ts';

export interface PostgresVaultOptions extends Omit<VaultOptions, 'consents'> {
  /** Stays open when the vault closes. */
  readonly db: Database;
}

/** The vault over the tables `user_roots`, `requests` and `key_accesses`. */
export function openVault({ db, ...options }: PostgresVaultOptions): Vault {
  return createVault(postgresRootStore(db), { ...options, consents: createConsents(db) });
}

/** Races that one caller may lose in a row for the same first root; each was won by another, so one is the rule. */
const MOST_RACES = 10;

function postgresRootStore(db: Database): RootStore {
  return {
    async newest(owners, fresh) {
      const found: (NewestRoot | undefined)[] = new Array(owners.length).fill(undefined);
      // Whoever loses the race to create sees neither its own row nor, in its snapshot, the winner's: it asks again.
      let tries = 0;
      for (let left = owners.map((_, i) => i); left.length > 0; left = left.filter((i) => !found[i])) {
        tries += 1;
        if (tries > MOST_RACES) throw new RetriableError('root_contended', 'A first root could not be made for now.');
        const rows = await createIfAbsent(
          db,
          left.map((i) => owners[i] as Owner),
          left.map((i) => fresh[i] as Uint8Array),
        );
        for (const { at, ...row } of rows) found[left[at - 1] as number] = row;
      }
      return found as NewestRoot[];
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

    async prepared({ app, wallet }, fresh) {
      for (;;) {
        const { rows } = await sql<VersionedRoot>`
          WITH waiting AS (
            SELECT * FROM user_roots WHERE app = ${app} AND wallet = ${wallet} AND prepared
          ), made AS (
            INSERT INTO user_roots (app, wallet, root_version, wrapped, prepared)
            SELECT ${app}, ${wallet}, coalesce(max(root_version), 0) + 1, ${Buffer.from(fresh)}, true
            FROM user_roots WHERE app = ${app} AND wallet = ${wallet} HAVING NOT EXISTS (SELECT FROM waiting)
            ON CONFLICT DO NOTHING RETURNING *
          )
          SELECT root_version AS "rootVersion", wrapped, epoch, mode, subject FROM waiting
          UNION ALL SELECT root_version, wrapped, epoch, mode, subject FROM made`.execute(db.kysely);
        const [row] = rows;
        if (row) return row;
      }
    },
  };
}

/** One round trip for any number of owners, distinct. */
async function createIfAbsent(db: Database, owners: readonly Owner[], fresh: readonly Uint8Array[]) {
  const { rows } = await sql<NewestRoot & { at: number }>`
    WITH wanted AS (
      SELECT * FROM unnest(${bytea(owners, 'app')}::bytea[], ${bytea(owners, 'wallet')}::bytea[], ${fresh.map((wrapped) => Buffer.from(wrapped))}::bytea[])
        WITH ORDINALITY AS w (app, wallet, wrapped, at)
    ), known AS (
      SELECT w.at, r.* FROM wanted w CROSS JOIN LATERAL (
        SELECT root_version, wrapped, epoch, mode, subject FROM user_roots
        WHERE app = w.app AND wallet = w.wallet AND NOT prepared ORDER BY root_version DESC LIMIT 1
      ) r
    ), made AS (
      INSERT INTO user_roots (app, wallet, root_version, wrapped, epoch)
      SELECT w.app, w.wallet, coalesce(
          -- A prepared root may wait where no other is.
          (SELECT max(u.root_version) FROM user_roots u WHERE u.app = w.app AND u.wallet = w.wallet), 0) + 1, w.wrapped,
        -- The end of a grant or policy began an epoch, and there was no root to write it to.
        (EXISTS (SELECT FROM requests q WHERE q.app = w.app AND q.wallet = w.wallet
          AND q.kind IN ('grant', 'policy') AND q.answered))::int
      FROM wanted w WHERE NOT EXISTS (SELECT FROM known k WHERE k.at = w.at)
      ORDER BY app, wallet
      ON CONFLICT DO NOTHING
      RETURNING app, wallet, root_version, wrapped, epoch, mode, subject
    )
    SELECT r.*, (SELECT max(issued_at) FROM removals e WHERE e.app = w.app AND e.wallet = w.wallet AND e.kind = 'erase') AS "erasedAt"
    FROM (
      SELECT at, root_version AS "rootVersion", wrapped, epoch, mode, subject FROM known
      UNION ALL
      SELECT w.at, m.root_version, m.wrapped, m.epoch, m.mode, m.subject FROM made m JOIN wanted w USING (app, wallet)
    ) r JOIN wanted w USING (at)`.execute(db.kysely);
  return rows;
}

const bytea = (owners: readonly Owner[], field: 'app' | 'wallet') => owners.map((owner) => Buffer.from(owner[field]));
