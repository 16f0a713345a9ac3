import { sql } from 'kysely';
import { unwrapRoot, wrappedKekVersion, wrapRoot } from '../../protocol/index.ts';
import type { Random } from '../../services/pipeline/clock.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Kek, Keks } from '../../services/pipeline/ports/kms.ts';
import type { Database } from '../postgres/database.ts';
import { unnest } from '../postgres/unnest.ts';

interface WrappedRow {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly wrapped: Uint8Array;
}

/** What one run over all roots came to. `lost`: wrapped with a key that is gone, so that nothing opens them. */
export interface Rewrapped {
  readonly rewrapped: number;
  readonly lost: number;
}

const PAGE = 500;
/** The version stands in bytes 2 to 5 of what is wrapped, big-endian (docs/formats.md). */
const VERSION = sql`('x' || encode(substring(wrapped FROM 2 FOR 4), 'hex'))::bit(32)::bigint`;

/** How many roots are wrapped with each version of the KEK. */
export async function rootsByKek({ kysely }: Database): Promise<Map<number, number>> {
  const { rows } = await sql<{ version: number; roots: number }>`
    SELECT ${VERSION} AS version, count(*)::int AS roots FROM user_roots
    WHERE octet_length(wrapped) > 0 GROUP BY 1`.execute(kysely);
  return new Map(rows.map(({ version, roots }) => [Number(version), roots]));
}

/**
 * Wraps every root with the current KEK that is wrapped with another. Data is not touched: the roots stay what they are. A root that is
 * erased or wrapped by somebody else meanwhile stays as they left it.
 */
export async function rewrapRoots(db: Database, keks: Keks, random: Pick<Random, 'bytes'>): Promise<Rewrapped> {
  const current = await keks.current();
  const done = { rewrapped: 0, lost: 0 };
  let last: Pick<WrappedRow, 'app' | 'wallet' | 'rootVersion'> | undefined;
  do {
    const behind = last
      ? sql`AND (app, wallet, root_version) > (${last.app}, ${last.wallet}, ${last.rootVersion})`
      : sql``;
    const { rows } = await sql<WrappedRow>`
      SELECT app, wallet, root_version AS "rootVersion", wrapped FROM user_roots
      WHERE octet_length(wrapped) > 0 AND ${VERSION} < ${current.version} ${behind}
      ORDER BY app, wallet, root_version LIMIT ${PAGE}`.execute(db.kysely);
    const renewed: (WrappedRow & { next: Uint8Array })[] = [];
    for (const row of rows) {
      const kek = await keks.version(wrappedKekVersion(row.wrapped)).catch(unlessMissing);
      if (kek) renewed.push({ ...row, next: rewrap(row, kek, current, random.bytes(24)) });
      else done.lost += 1;
    }
    const columns = { app: 'bytea', wallet: 'bytea', rootVersion: 'integer', wrapped: 'bytea', next: 'bytea' };
    const { numAffectedRows } = await sql`
      UPDATE user_roots u SET wrapped = w.next
      FROM ${unnest(renewed, columns)} AS w (app, wallet, root_version, wrapped, next)
      WHERE u.app = w.app AND u.wallet = w.wallet AND u.root_version = w.root_version AND u.wrapped = w.wrapped`.execute(
      db.kysely,
    );
    done.rewrapped += Number(numAffectedRows ?? 0n);
    last = rows.length === PAGE ? rows.at(-1) : undefined;
  } while (last);
  return done;
}

function rewrap(row: WrappedRow, old: Kek, current: Kek, nonce: Uint8Array): Uint8Array {
  const userRoot = unwrapRoot({ kek: old.key, ...row });
  const { app, wallet } = row;
  try {
    return wrapRoot({ kek: current.key, kekVersion: current.version, app, wallet, userRoot, nonce });
  } finally {
    userRoot.fill(0);
  }
}

function unlessMissing(error: unknown): null {
  if (error instanceof FatalError && error.code === 'kek_missing') return null;
  throw error;
}
