import { sql } from 'kysely';
import { fromHex, toHex, type VerifiedRequest } from '../../protocol/index.ts';
import { DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';
import type { RequestEffects } from '../../services/pipeline/ports/requests.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { setCluster } from './clusters.ts';
import type { Executor } from './database.ts';
import { lockOwnerState, newestPolicy, type OwnerState, ownerStates, setEpochs } from './owner-states.ts';
import { keptOfRemovals, layOut } from './removed-events.ts';
import { dropPrepared, overwriteRoots } from './user-roots.ts';

/** A fresh root of an owner, wrapped, and the subject (32 bytes) that follows from it. */
export type FreshRoot = (owner: Owner) => Promise<{ wrapped: Uint8Array; subject: Uint8Array }>;

/** The effects of one request inside its transaction. */
export function requestEffects(tx: Executor, request: VerifiedRequest, freshRoot: FreshRoot): RequestEffects {
  const owner: Owner = { app: fromHex(request.app, 32), wallet: fromHex(request.wallet, 32) };
  const { app, wallet } = owner;

  /** The vault may be creating the owner's first root at this moment: whoever loses takes the version after it. */
  const insertRoot = async (wrapped: Uint8Array, epoch: number, subject: Uint8Array | null): Promise<number> => {
    for (;;) {
      await dropPrepared(tx, owner);
      const { rows } = await sql<{ rootVersion: number }>`
        INSERT INTO user_roots (app, wallet, root_version, wrapped, epoch, mode, subject)
        SELECT ${app}, ${wallet}, coalesce(max(root_version), 0) + 1, ${wrapped}, ${epoch},
          ${subject ? 'client' : 'service'}, ${subject}
        FROM user_roots WHERE app = ${app} AND wallet = ${wallet}
        ON CONFLICT DO NOTHING RETURNING root_version AS "rootVersion"`.execute(tx);
      const [row] = rows;
      if (row) return row.rootVersion;
    }
  };

  return {
    async consent() {
      const [state] = await ownerStates(tx, [owner]);
      return (state as OwnerState).consent;
    },
    async epochs() {
      const { epoch, answered } = await lockOwnerState(tx, owner);
      return { epoch, answered };
    },
    setEpochs: (epochs) => setEpochs(tx, [{ ...owner, ...epochs }]),

    newestPolicy: () => newestPolicy(tx, owner),

    async knows(id) {
      const row = await tx
        .selectFrom('requests')
        .select('id')
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .where('id', '=', id)
        .where('kind', 'in', ['grant', 'policy'])
        .where('request', 'is not', null)
        .executeTakeFirst();
      return row !== undefined;
    },

    async root() {
      const { rows } = await sql<{ rootVersion: number; mode: 'service' | 'client'; epoch: number; erased: boolean }>`
        SELECT root_version AS "rootVersion", mode, epoch, octet_length(wrapped) = 0 AS erased FROM user_roots
        WHERE app = ${app} AND wallet = ${wallet} AND NOT prepared
        ORDER BY root_version DESC LIMIT 1 FOR UPDATE`.execute(tx);
      return rows[0] ?? null;
    },

    async newServiceRoot(epoch) {
      const { wrapped, subject } = await freshRoot(owner);
      return { rootVersion: await insertRoot(wrapped, epoch, null), subject };
    },

    async activate(rootVersion, epoch) {
      const { numUpdatedRows } = await tx
        .updateTable('user_roots')
        .set({ prepared: false, epoch })
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .where('root_version', '=', rootVersion)
        .where('prepared', '=', true)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },

    async subjectTaken(subject) {
      const { rows } = await sql<{ taken: boolean }>`
        SELECT EXISTS (SELECT FROM user_roots WHERE app = ${app} AND subject = ${subject})
          OR EXISTS (SELECT FROM subjects WHERE app = ${app} AND subject = ${subject}) AS taken`.execute(tx);
      return rows[0]?.taken === true;
    },

    async keyOfAnother(x25519) {
      // Two wallets at one moment: the second waits here until it sees what the first has registered.
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`x25519:${toHex(x25519)}`}, 0))`.execute(tx);
      const row = await tx
        .selectFrom('requests')
        .select('wallet')
        .where('x25519', '=', x25519)
        .where('wallet', '!=', wallet)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },

    async newClientRoot(subject, epoch) {
      // Only what opens the transit seal: what the client's own keys open, no root of ours does.
      const { wrapped } = await freshRoot(owner);
      return insertRoot(wrapped, epoch, subject);
    },

    async erase() {
      const versions = await overwriteRoots(tx, owner);
      await tx
        .insertInto('removals')
        .values({
          id: fromHex(request.id, 16),
          ...owner,
          kind: 'erase',
          selector: null,
          issued_at: request.issuedAt,
          fence: null,
          root_versions: versions,
        })
        .execute();
      // Nothing that was allowed before may open what a re-opened wallet writes.
      await sql`UPDATE requests SET request = NULL, answer = NULL, revokes = NULL
        WHERE app = ${app} AND wallet = ${wallet} AND kind IN ('grant', 'policy', 'revoke', 'keys')`.execute(tx);
      return versions;
    },

    async remove(selector) {
      const id = fromHex(request.id, 16);
      await tx
        .insertInto('removals')
        .values({
          id,
          ...owner,
          kind: 'remove',
          selector: JSON.stringify(selector),
          issued_at: request.issuedAt,
          fence: null,
        })
        .execute();
      await layOut(tx, { ...owner, id, issuedAt: request.issuedAt, selector });
      return keptOfRemovals(tx, owner);
    },

    async associate(cluster) {
      const { rows } = await sql<{ bound: boolean }>`
        SELECT coalesce((SELECT cluster FROM clusters WHERE wallet = ${wallet}), ${DEFAULT_CLUSTER}) <> ${cluster} AND EXISTS (
          SELECT FROM user_roots WHERE wallet = ${wallet} AND NOT prepared AND octet_length(wrapped) > 0) AS bound`.execute(
        tx,
      );
      if (rows[0]?.bound !== false) return false;
      await setCluster(tx, wallet, cluster);
      return true;
    },

    async disown({ author, token, until }) {
      await sql`INSERT INTO token_revocations AS t (author, token, until) VALUES (${author}, ${token}, ${until})
        ON CONFLICT (author, token) DO UPDATE SET until = greatest(t.until, excluded.until), tx = excluded.tx`.execute(
        tx,
      );
      const { rows } = await sql<{ ofAuthor: number }>`
        SELECT count(*)::int AS "ofAuthor" FROM token_revocations WHERE author = ${author}`.execute(tx);
      return { ofAuthor: rows[0]?.ofAuthor ?? 0 };
    },

    async lastErasure() {
      const row = await tx
        .selectFrom('removals')
        .select(['id', 'issued_at as issuedAt', 'fence'])
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .where('kind', '=', 'erase')
        .orderBy('issued_at', 'desc')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst();
      return row ?? null;
    },
  };
}
