import { sql } from 'kysely';
import { fromHex, type VerifiedRequest } from '../../protocol/index.ts';
import {
  type RequestAnswer,
  RequestClash,
  type RequestEffects,
  RequestForgotten,
  type RequestPlace,
  type Requests,
} from '../../services/pipeline/ports/requests.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Database, Executor } from './database.ts';
import { newestPolicy, restore, type StoredRequest } from './owner-states.ts';
import { type FreshRoot, requestEffects } from './request-effects.ts';

/** Signed requests in PostgreSQL. @param freshRoot makes a wrapped root: the vault's business, stored in the request's transaction */
export function createRequests(db: Database, freshRoot: FreshRoot): Requests {
  const { kysely } = db;
  return {
    async once(request, effect) {
      return kysely.transaction().execute(async (tx) => {
        // One request of an owner at a time: what one reads of roots and consent no other changes meanwhile.
        await sql`SELECT pg_advisory_xact_lock(hashtextextended(${request.app + request.wallet}, 0))`.execute(tx);
        const first = await claim(tx, request);
        if (first) return first;
        const effects: RequestEffects = requestEffects(tx, request, freshRoot);
        const answer = await effect(effects);
        await sql`UPDATE requests SET answer = ${JSON.stringify(answer)}::jsonb
          WHERE app = ${fromHex(request.app, 32)} AND wallet = ${fromHex(request.wallet, 32)} AND id = ${fromHex(request.id, 16)}`.execute(
          tx,
        );
        return answer;
      });
    },

    async find(request) {
      const row = await stored(kysely, request);
      return row && answerOf(row, request);
    },

    async list(owner: Owner, { after, limit }) {
      const { app, wallet } = owner;
      const [{ rows }, current] = await Promise.all([
        sql<StoredRequest & { revoked: boolean }>`
          SELECT request, encode(hash, 'hex') AS hash, EXISTS (
            SELECT FROM requests v WHERE v.app = r.app AND v.wallet = r.wallet AND v.revokes = r.id) AS revoked
          FROM requests r
          WHERE app = ${app} AND wallet = ${wallet} AND kind IN ('grant', 'policy') AND request IS NOT NULL
            ${after === undefined ? sql`` : sql`AND ${behind(after)}`}
          ORDER BY (request->>'issuedAt')::bigint DESC, id DESC LIMIT ${limit}`.execute(kysely),
        newestPolicy(kysely, owner),
      ]);
      return rows.flatMap(({ revoked, ...stored }) => {
        const request = restore(stored);
        if (request.kind !== 'grant' && request.kind !== 'policy') return [];
        return [{ request, revoked, replaced: request.kind === 'policy' && request.id !== current }];
      });
    },
  };
}

const behind = ({ issuedAt, id }: RequestPlace) =>
  sql`((request->>'issuedAt')::bigint, id) < (${issuedAt}::bigint, ${fromHex(id, 16)}::bytea)`;

interface Row {
  readonly hash: Uint8Array;
  /** null: forgotten. */
  readonly answer: RequestAnswer | null;
}

/** Takes the id for this request, or finds who has it. A second one waits here until the first has committed or was rolled back. */
async function claim(tx: Executor, request: VerifiedRequest): Promise<RequestAnswer | null> {
  const { hash, content, ...signed } = request;
  const inserted = await tx
    .insertInto('requests')
    .values({
      app: fromHex(request.app, 32),
      wallet: fromHex(request.wallet, 32),
      id: fromHex(request.id, 16),
      kind: request.kind,
      hash: fromHex(hash, 32),
      // What a removal named is kept without the names of sessions, and nowhere else.
      request: request.kind === 'remove' ? null : JSON.stringify(signed),
      answer: '{}',
      expires_at: 'expiresAt' in content ? content.expiresAt : null,
      x25519: request.kind === 'recipient' ? request.content.x25519 : null,
      revokes: request.kind === 'revoke' ? request.content.grant : null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return null;
  const row = await stored(tx, request);
  if (!row) throw new Error('a request that was there is gone');
  return answerOf(row, request);
}

async function stored(on: Executor, request: VerifiedRequest): Promise<Row | null> {
  const row = await on
    .selectFrom('requests')
    .select(['hash', 'answer'])
    .where('app', '=', fromHex(request.app, 32))
    .where('wallet', '=', fromHex(request.wallet, 32))
    .where('id', '=', fromHex(request.id, 16))
    .executeTakeFirst();
  return row ? { hash: row.hash, answer: row.answer as RequestAnswer | null } : null;
}

function answerOf(row: Row, request: VerifiedRequest): RequestAnswer {
  if (Buffer.compare(row.hash, fromHex(request.hash, 32)) !== 0) throw new RequestClash();
  if (row.answer === null) throw new RequestForgotten();
  return row.answer;
}
