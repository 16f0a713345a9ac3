import { sql } from 'kysely';
import { unwrapRoot, wrappedKekVersion, wrapRoot } from '../../protocol/index.ts';
import type { Random } from '../../services/pipeline/clock.ts';
import type { Keks } from '../../services/pipeline/ports/kms.ts';
import type { Database } from '../postgres/database.ts';
import { unnest } from '../postgres/unnest.ts';

interface WrappedRow {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly wrapped: Uint8Array;
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
 * @returns how many were wrapped anew
 */
export async function rewrapRoots(db: Database, keks: Keks, random: Pick<Random, 'bytes'>): Promise<number> {
  const current = await keks.current();
  let done = 0;
  for (;;) {
    const { rows } = await sql<WrappedRow>`
      SELECT app, wallet, root_version AS "rootVersion", wrapped FROM user_roots
      WHERE octet_length(wrapped) > 0 AND ${VERSION} < ${current.version} LIMIT ${PAGE}`.execute(db.kysely);
    if (rows.length === 0) return done;
    const renewed: (WrappedRow & { next: Uint8Array })[] = [];
    for (const row of rows) {
      const { key } = await keks.version(wrappedKekVersion(row.wrapped));
      const userRoot = unwrapRoot({ kek: key, ...row });
      const { app, wallet } = row;
      const nonce = random.bytes(24);
      renewed.push({
        ...row,
        next: wrapRoot({ kek: current.key, kekVersion: current.version, app, wallet, userRoot, nonce }),
      });
      userRoot.fill(0);
    }
    const columns = { app: 'bytea', wallet: 'bytea', rootVersion: 'integer', wrapped: 'bytea', next: 'bytea' };
    const { numAffectedRows } = await sql`
      UPDATE user_roots u SET wrapped = w.next
      FROM ${unnest(renewed, columns)} AS w (app, wallet, root_version, wrapped, next)
      WHERE u.app = w.app AND u.wallet = w.wallet AND u.root_version = w.root_version AND u.wrapped = w.wrapped`.execute(
      db.kysely,
    );
    done += Number(numAffectedRows ?? 0n);
  }
}
