import { sql } from 'kysely';
import type { Random } from '../../services/pipeline/clock.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Kms } from '../../services/pipeline/ports/kms.ts';
import type { Database } from '../postgres/database.ts';
import { whileLeading } from '../postgres/leader.ts';
import { type Rewrapped, rewrapRoots, rootsByKek } from './rewrap.ts';

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
export interface KekWork extends Rewrapped {
  readonly rotatedTo: number | null;
  readonly destroyed: readonly number[];
}

/**
 * One look of the keeper, to be made under the lock: rotates a KEK that is old, wraps anew what older ones wrap, destroys what was retired
 * long enough ago. A KMS that cannot be changed from here is left as it is.
 */
export async function keepKeks(edges: KekEdges, policy: KekPolicy): Promise<KekWork> {
  const changeable = await edges.kms.changeable();
  const current = (await kekLives(edges)).find((one) => one.current);
  const isOld = current !== undefined && edges.now() - current.firstSeen >= policy.rotateMs;
  const rotatedTo = changeable && isOld ? await rotateKek(edges) : null;
  const rewrapped = await rewrapRoots(edges.db, edges.kms, edges.random);
  const destroyed: number[] = [];
  for (const { version, roots, retiredAt, destroyedAt } of changeable ? await kekLives(edges) : []) {
    // Roots that somebody wrapped with it a moment ago keep it until the next look.
    if (roots > 0 || retiredAt === null || destroyedAt !== null || edges.now() - retiredAt < policy.destroyMs) continue;
    await destroyKek(edges, version);
    destroyed.push(version);
  }
  return { rotatedTo, ...rewrapped, destroyed };
}

/** Names the lock; any number that no other lock of the database has. */
const KEK_LOCK = 0x6b656b;

/** Runs `work` as the only one that changes keys: the keepers of all API processes and `ddc kek`. @returns null when another is at work */
export async function withKekLock<T>(db: Database, work: () => Promise<T>): Promise<T | null> {
  let result: T | null = null;
  await whileLeading(db, KEK_LOCK, async () => {
    result = await work();
  });
  return result;
}
