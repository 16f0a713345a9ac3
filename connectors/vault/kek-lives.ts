import { sql } from 'kysely';
import type { Random } from '../../services/pipeline/clock.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Kms } from '../../services/pipeline/ports/kms.ts';
import type { Database } from '../postgres/database.ts';
import { rewrapRoots, rootsByKek } from './rewrap.ts';

/** One version of the KEK, as `ddc kek status` shows it. Times in milliseconds since the epoch. */
export interface KekLife {
  readonly version: number;
  readonly current: boolean;
  readonly firstSeen: number;
  readonly retiredAt: number | null;
  readonly destroyedAt: number | null;
  /** Roots that are wrapped with it. */
  readonly roots: number;
}

export interface KekEdges {
  readonly db: Database;
  readonly kms: Kms;
  readonly random: Pick<Random, 'bytes'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Every process has read the list again after this. Milliseconds. */
export const EVERYBODY_KNOWS_MS = 10_000;

/** Writes down versions that are new, and since when the older ones are retired. @returns all that ever were, ascending */
export async function kekLives({ db, kms, now }: KekEdges): Promise<KekLife[]> {
  const versions = await kms.versions();
  const { version: current } = await kms.current();
  const at = new Date(now());
  for (const version of versions)
    await db.kysely
      .insertInto('keks')
      .values({ version, first_seen: at })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  await sql`UPDATE keks SET retired_at = ${at} WHERE version < ${current} AND retired_at IS NULL`.execute(db.kysely);
  const roots = await rootsByKek(db);
  const rows = await db.kysely.selectFrom('keks').selectAll().orderBy('version').execute();
  return rows.map((row) => ({
    version: row.version,
    current: row.version === current,
    firstSeen: row.first_seen.getTime(),
    retiredAt: row.retired_at?.getTime() ?? null,
    destroyedAt: row.destroyed_at?.getTime() ?? null,
    roots: roots.get(row.version) ?? 0,
  }));
}

/** A new version for all new roots. @returns it */
export async function rotateKek(edges: KekEdges): Promise<number> {
  const version = await edges.kms.create();
  await kekLives(edges);
  return version;
}

/**
 * Destroys a retired version. @throws FatalError `kek_needed` while roots are wrapped with it, `kek_young` before every process has seen
 * its successor, `kek_current`, `kms_read_only`
 */
export async function destroyKek(edges: KekEdges, version: number): Promise<void> {
  const life = (await kekLives(edges)).find((one) => one.version === version);
  if (!life) throw new FatalError('kek_missing', `There is no KEK ${version}.`);
  if (life.roots > 0)
    throw new FatalError(
      'kek_needed',
      `${life.roots} roots are wrapped with KEK ${version}: run \`ddc kek rewrap\` first.`,
    );
  if (life.retiredAt !== null && edges.now() - life.retiredAt < EVERYBODY_KNOWS_MS)
    throw new FatalError(
      'kek_young',
      `KEK ${version} was retired a moment ago: a process may still wrap with it. Wait 10 s.`,
    );
  await edges.kms.destroy(version);
  await sql`UPDATE keks SET destroyed_at = ${new Date(edges.now())} WHERE version = ${version}`.execute(
    edges.db.kysely,
  );
}

export interface KekPolicy {
  readonly rotateMs: number;
  readonly destroyMs: number;
}

/** What the keeper did in one look. */
export interface KekWork {
  readonly rotatedTo: number | null;
  readonly rewrapped: number;
  readonly destroyed: readonly number[];
}

/**
 * One look of the keeper: rotates a KEK that is old, wraps anew what older ones wrap, destroys what was retired long enough ago. Under a
 * lock of the database, so that of several processes one does it. A KMS that cannot be changed from here is left as it is.
 */
export async function keepKeks(edges: KekEdges, policy: KekPolicy): Promise<KekWork> {
  const nothing: KekWork = { rotatedTo: null, rewrapped: 0, destroyed: [] };
  return edges.db.kysely.transaction().execute(async (tx) => {
    const { rows } = await sql<{
      mine: boolean;
    }>`SELECT pg_try_advisory_xact_lock(hashtextextended('ddc kek', 0)) AS mine`.execute(tx);
    if (rows[0]?.mine !== true) return nothing;
    const lives = await kekLives(edges);
    const current = lives.find((one) => one.current);
    const isOld = current !== undefined && edges.now() - current.firstSeen >= policy.rotateMs;
    const rotatedTo = isOld ? await unlessReadOnly(() => rotateKek(edges)) : null;
    const rewrapped = await rewrapRoots(edges.db, edges.kms, edges.random);
    const destroyed: number[] = [];
    for (const { version, retiredAt, destroyedAt } of await kekLives(edges)) {
      if (retiredAt === null || destroyedAt !== null || edges.now() - retiredAt < policy.destroyMs) continue;
      if ((await unlessReadOnly(() => destroyKek(edges, version).then(() => version))) !== null)
        destroyed.push(version);
    }
    return { rotatedTo, rewrapped, destroyed };
  });
}

async function unlessReadOnly<T>(change: () => Promise<T>): Promise<T | null> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof FatalError && error.code === 'kms_read_only') return null;
    throw error;
  }
}
