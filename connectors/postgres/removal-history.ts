import { type RawBuilder, sql } from 'kysely';
import type { NamedErasure } from '../../services/pipeline/ports/erasures.ts';
import type { NamedRemove, RemovalHistory } from '../../services/pipeline/ports/removals.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Database, Executor } from './database.ts';
import { layOut } from './removed-events.ts';
import { unnest } from './unnest.ts';
import { OVERWRITTEN } from './user-roots.ts';

/** The log of removals in PostgreSQL. @param log id of the log, 16 bytes */
export function createRemovalHistory({ kysely }: Database, log: Uint8Array): RemovalHistory {
  return {
    async next() {
      const row = await kysely.selectFrom('removal_log').select('next').where('log', '=', log).executeTakeFirst();
      return row?.next ?? 0;
    },

    take: (erasures, next, at) =>
      kysely.transaction().execute(async (tx) => {
        const mended = await putBack(tx, erasures, at);
        await forgetConsent(
          tx,
          mended.filter(({ added }) => added),
        );
        const roots = await overwrite(tx, erasures);
        await sql`INSERT INTO removal_log AS l (log, next) VALUES (${log}, ${next})
          ON CONFLICT (log) DO UPDATE SET next = greatest(l.next, excluded.next)`.execute(tx);
        return { removals: mended.length, roots };
      }),

    takeRemoves: (removes, at) =>
      kysely.transaction().execute(async (tx) => {
        let putBack = 0;
        for (const remove of removes) if (await putBackRemove(tx, remove, at)) putBack += 1;
        return putBack;
      }),
  };
}

/** An erasure that was sent twice has the fence of its first record: that one was waited for. */
function firsts(erasures: readonly NamedErasure[]): NamedErasure[] {
  const byName = new Map<string, NamedErasure>();
  for (const one of erasures) {
    const name = Buffer.concat([one.app, one.wallet, one.id]).toString('base64');
    if (!byName.has(name)) byName.set(name, one);
  }
  return [...byName.values()];
}

const ERASURE = {
  id: 'bytea',
  app: 'bytea',
  wallet: 'bytea',
  issuedAt: 'bigint',
  fence: 'bigint',
  versions: 'text',
};
const rowsOf = (erasures: readonly NamedErasure[]): RawBuilder<unknown> =>
  sql`${unnest(
    erasures.map(({ rootVersions, ...one }) => ({ ...one, versions: rootVersions.join(',') })),
    ERASURE,
  )} AS e (id, app, wallet, issued_at, fence, versions)`;
const VERSIONS = sql`string_to_array(e.versions, ',')::int[]`;

/** Not done: the index of an older database has rows that are to be swept again, and a receipt says when that has happened. */
async function putBack(
  tx: Executor,
  erasures: readonly NamedErasure[],
  at: number,
): Promise<(Owner & { added: boolean })[]> {
  if (erasures.length === 0) return [];
  const { rows } = await sql<Owner & { added: boolean }>`
    INSERT INTO removals AS r (id, app, wallet, kind, selector, issued_at, fence, root_versions, state, sent_at)
    SELECT e.id, e.app, e.wallet, 'erase', NULL, e.issued_at, e.fence, ${VERSIONS}, 'sent', ${at}::bigint
    FROM ${rowsOf(firsts(erasures))}
    ON CONFLICT (app, wallet, id) DO UPDATE SET fence = excluded.fence, state = 'sent', sent_at = excluded.sent_at
    WHERE r.state IN ('committed', 'fenced')
    RETURNING app, wallet, xmax = 0 AS added`.execute(tx);
  return rows;
}

/** Not done: an export may have been put back as well, and a receipt says when it has left the rows out again. */
async function putBackRemove(tx: Executor, remove: NamedRemove, at: number): Promise<boolean> {
  const { id, app, wallet, issuedAt, selector } = remove;
  const { numAffectedRows } = await sql`
    INSERT INTO removals AS r (id, app, wallet, kind, selector, issued_at, state, sent_at)
    VALUES (${id}, ${app}, ${wallet}, 'remove', ${JSON.stringify(selector)}::jsonb, ${issuedAt}, 'sent', ${at})
    ON CONFLICT (app, wallet, id) DO UPDATE SET state = 'sent', sent_at = excluded.sent_at WHERE r.state = 'committed'`.execute(
    tx,
  );
  if (numAffectedRows !== 1n) return false;
  await layOut(tx, remove);
  return true;
}

/** The database did not have these erasures, so all that it knows of consent and of waiting roots is older than they are. */
async function forgetConsent(tx: Executor, owners: readonly Owner[]): Promise<void> {
  if (owners.length === 0) return;
  const those = sql`${unnest(owners, { app: 'bytea', wallet: 'bytea' })} AS o (app, wallet)`;
  await sql`DELETE FROM user_roots u USING ${those}
    WHERE u.app = o.app AND u.wallet = o.wallet AND u.prepared`.execute(tx);
  await sql`UPDATE requests q SET request = NULL, answer = NULL, revokes = NULL FROM ${those}
    WHERE q.app = o.app AND q.wallet = o.wallet AND q.kind IN ('grant', 'policy', 'revoke', 'keys')`.execute(tx);
}

/** Also roots that are not there: an owner without any would get a fresh one with the next write, instead of 410. */
async function overwrite(tx: Executor, erasures: readonly NamedErasure[]): Promise<number> {
  if (erasures.length === 0) return 0;
  const { numAffectedRows } = await sql`
    INSERT INTO user_roots AS u (app, wallet, root_version, wrapped)
    SELECT DISTINCT e.app, e.wallet, v, ${OVERWRITTEN}::bytea
    FROM ${rowsOf(erasures)} CROSS JOIN LATERAL unnest(${VERSIONS}) AS v
    ON CONFLICT (app, wallet, root_version) DO UPDATE SET wrapped = excluded.wrapped, prepared = false
    WHERE u.wrapped <> excluded.wrapped OR u.prepared`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}
