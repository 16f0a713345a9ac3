import { sql } from 'kysely';
import { unwrapRoot, wrappedKekVersion, wrapRoot } from '../../../protocol/index.ts';
import type { Random } from '../../../services/pipeline/clock.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import type { Kek, Keks, Kms } from '../../../services/pipeline/ports/kms.ts';
import type { Database, Executor } from '../../postgres/database.ts';
import { unnest } from '../../postgres/unnest.ts';
import { OVERWRITTEN } from '../../postgres/user-roots.ts';
import type { BackedUpRoot, BackupEnd, BackupHead } from './backup-lines.ts';
import { readKeyBackup } from './read-backup.ts';

export interface RestoreEdges {
  readonly db: Database;
  readonly kms: Pick<Kms, 'current' | 'version'>;
  readonly random: Pick<Random, 'bytes'>;
}

/** What a restore did with the roots of the backup, each counted once. */
export interface Restored {
  /** Were missing and open again. */
  readonly inserted: number;
  /** An erasure has reached them, or the backup itself has them overwritten: none of them opens in the database. */
  readonly erased: number;
  /** Were there and stayed. */
  readonly kept: number;
  /** Of those kept: another root than the backup's. What was sealed under the backup's stays shut. */
  readonly clashing: number;
}

/**
 * Reads the whole backup and opens every root in it, writing nothing.
 * @throws FatalError `backup_file`, `backup_version`, `backup_damaged`, `kek_missing`, `backup_kek` where a key of that version is another
 */
export function checkKeyBackup(keks: Keks, path: string): Promise<BackupHead & BackupEnd> {
  return readKeyBackup(path, async (roots) => {
    for (const root of roots) if (isLive(root)) (await opened(keks, root)).fill(0);
  });
}

/**
 * Inserts the roots that are missing, wrapped with the current KEK; never replaces one that is there. What the table `removals` says was
 * overwritten is overwritten, and of an owner with an erasure that the backup did not know of nothing is taken, whatever versions that one
 * names: **take the log of removals in first**, the database may be older than an erasure. All or nothing. To be called under `withKekLock`:
 * no KEK may be destroyed while roots are wrapped with it here.
 * @throws FatalError as `checkKeyBackup`
 */
export async function restoreKeys({ db, kms, random }: RestoreEdges, path: string): Promise<Restored> {
  const done = { inserted: 0, erased: 0, kept: 0, clashing: 0 };
  await db.kysely.transaction().execute(async (tx) => {
    const current = await kms.current();
    await readKeyBackup(path, async (page) => {
      const roots: BackedUpRoot[] = [];
      for (const root of page) roots.push(isLive(root) ? await wrappedAnew(kms, current, random, root) : root);
      done.clashing += await clashes(tx, kms, page);
      const { taken, inserted, overwritten } = await merge(tx, roots);
      const erased = page.length - taken + overwritten;
      done.inserted += inserted;
      done.erased += erased;
      done.kept += page.length - inserted - erased;
    });
  });
  return done;
}

const isLive = ({ wrapped }: BackedUpRoot): boolean => wrapped.length !== OVERWRITTEN.length;

/** @returns the root, which the caller overwrites */
async function opened(keks: Keks, { app, wallet, wrapped }: BackedUpRoot): Promise<Uint8Array> {
  const version = wrappedKekVersion(wrapped);
  const { key } = await keks.version(version);
  try {
    return unwrapRoot({ kek: key, app, wallet, wrapped });
  } catch (cause) {
    throw new FatalError('backup_kek', `A root of the backup does not open with KEK ${version}: it is another key.`, {
      cause,
    });
  }
}

async function wrappedAnew(
  keks: Keks,
  { key, version }: Kek,
  random: Pick<Random, 'bytes'>,
  root: BackedUpRoot,
): Promise<BackedUpRoot> {
  const userRoot = await opened(keks, root);
  const { app, wallet } = root;
  try {
    return {
      ...root,
      wrapped: wrapRoot({ kek: key, kekVersion: version, app, wallet, userRoot, nonce: random.bytes(24) }),
    };
  } finally {
    userRoot.fill(0);
  }
}

const ROOT = {
  app: 'bytea',
  wallet: 'bytea',
  rootVersion: 'integer',
  epoch: 'bigint',
  mode: 'text',
  subject: 'bytea',
  wrapped: 'bytea',
  erasures: 'integer',
};
/**
 * Roots of owners who were not erased since the backup. An erasure names the versions that its database had, which may be one that had lost
 * the backup's: it reaches those all the same. They are not overwritten either: under their number another may have been made since.
 */
const rowsOf = (roots: readonly BackedUpRoot[]) => sql`(
  SELECT b.* FROM ${unnest(roots, ROOT)} WITH ORDINALITY
    AS b (app, wallet, root_version, epoch, mode, subject, wrapped, erasures, at)
  WHERE b.erasures >= (
    SELECT count(*) FROM removals r WHERE r.app = b.app AND r.wallet = b.wallet AND r.kind = 'erase')) AS w`;

/** How many roots are alive on both sides and not the same. */
async function clashes(tx: Executor, keks: Keks, roots: readonly BackedUpRoot[]): Promise<number> {
  const { rows } = await sql<{ at: number; wrapped: Uint8Array }>`
    SELECT w.at, u.wrapped FROM ${rowsOf(roots)} JOIN user_roots u USING (app, wallet, root_version)
    WHERE octet_length(u.wrapped) > 0 AND NOT u.prepared`.execute(tx);
  let found = 0;
  for (const { at, wrapped } of rows) {
    const root = roots[at - 1] as BackedUpRoot;
    if (!isLive(root)) continue;
    const [ours, theirs] = [await opened(keks, { ...root, wrapped }), await opened(keks, root)];
    if (Buffer.compare(ours, theirs) !== 0) found += 1;
    ours.fill(0);
    theirs.fill(0);
  }
  return found;
}

interface Merged {
  /** Roots of owners who were not erased since the backup. */
  readonly taken: number;
  readonly inserted: number;
  readonly overwritten: number;
}

async function merge(tx: Executor, roots: readonly BackedUpRoot[]): Promise<Merged> {
  // A root that waits for a move must not stand below one that counts.
  await sql`DELETE FROM user_roots u USING ${rowsOf(roots)}
    WHERE u.app = w.app AND u.wallet = w.wallet AND u.prepared AND u.root_version <= w.root_version`.execute(tx);
  const { rows } = await sql<Merged>`
    WITH backup AS (
      SELECT w.app, w.wallet, w.root_version, w.epoch, w.mode, w.subject, CASE WHEN EXISTS (
          SELECT FROM removals r WHERE r.app = w.app AND r.wallet = w.wallet AND r.kind = 'erase'
            AND w.root_version = ANY (r.root_versions)
        ) THEN ${OVERWRITTEN}::bytea ELSE w.wrapped END AS wrapped
      FROM ${rowsOf(roots)}
    ), put AS (
      INSERT INTO user_roots AS u (app, wallet, root_version, epoch, mode, subject, wrapped)
      SELECT app, wallet, root_version, epoch, mode, subject, wrapped FROM backup
      ON CONFLICT (app, wallet, root_version) DO UPDATE
        SET wrapped = excluded.wrapped, mode = excluded.mode, subject = excluded.subject
        WHERE octet_length(excluded.wrapped) = 0
      RETURNING octet_length(wrapped) > 0 AS alive
    )
    SELECT (SELECT count(*) FROM backup)::int AS taken,
      count(*) FILTER (WHERE alive)::int AS inserted, count(*) FILTER (WHERE NOT alive)::int AS overwritten FROM put`.execute(
    tx,
  );
  // One epoch for all roots of an owner, the highest that either side knows: an older one may have been given away.
  await sql`
    UPDATE user_roots u SET epoch = m.epoch FROM (
      SELECT app, wallet, max(epoch) AS epoch FROM (
        SELECT app, wallet, epoch FROM ${rowsOf(roots)}
        UNION ALL SELECT o.app, o.wallet, o.epoch FROM user_roots o
          WHERE NOT o.prepared AND (o.app, o.wallet) IN (SELECT app, wallet FROM ${rowsOf(roots)})
      ) AS both_sides GROUP BY app, wallet
    ) AS m
    WHERE u.app = m.app AND u.wallet = m.wallet AND NOT u.prepared AND u.epoch < m.epoch`.execute(tx);
  return rows[0] as Merged;
}
