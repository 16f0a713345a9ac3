import { sql } from 'kysely';
import { type Consent, fromHex, parseRequest, rekey, toHex, type VerifiedRequest } from '../../protocol/index.ts';
import type { Consents } from '../../services/pipeline/ports/consents.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Database, Executor } from './database.ts';
import { ownerEpochs, setOwnerEpochs } from './owner-epochs.ts';
import { unnest } from './unnest.ts';

/** A stored request with its hash, as the statements here give it. */
export interface StoredRequest {
  readonly request: unknown;
  readonly hash: string;
}

/** What stands in the table was verified when it was accepted: its form is read again, its signature is not checked again. */
export const restore = ({ request, hash }: StoredRequest): VerifiedRequest => ({ ...parseRequest(request), hash });

/** Sorts what an owner has signed about readers. */
export function consentOf(stored: readonly StoredRequest[]): Consent {
  const all = stored.map(restore);
  return {
    grants: all.filter((one) => one.kind === 'grant'),
    policies: all.filter((one) => one.kind === 'policy'),
    revocations: all.filter((one) => one.kind === 'revoke'),
  };
}

/** Everything of one owner that is still known. */
export async function storedConsent(tx: Executor, { app, wallet }: Owner): Promise<Consent> {
  const { rows } = await sql<StoredRequest>`
    SELECT request, encode(hash, 'hex') AS hash FROM requests
    WHERE app = ${app} AND wallet = ${wallet} AND kind IN ('grant', 'policy', 'revoke') AND request IS NOT NULL`.execute(
    tx,
  );
  return consentOf(rows);
}

const OWNER = { app: 'bytea', wallet: 'bytea' };
const ACCESS = {
  app: 'bytea',
  wallet: 'bytea',
  reader: 'text',
  scope: 'text',
  rootVersion: 'integer',
  epoch: 'bigint',
  by: 'bytea',
};

/** Consent and the access log in PostgreSQL. */
export function createConsents(db: Database): Consents {
  const { kysely } = db;
  return {
    async of(owners) {
      if (owners.length === 0) return [];
      const { rows } = await sql<{ at: number; epoch: number | null; signed: StoredRequest[] | null }>`
        SELECT w.at,
          (SELECT max(epoch) FROM user_roots u WHERE u.app = w.app AND u.wallet = w.wallet AND NOT u.prepared) AS epoch,
          (SELECT jsonb_agg(jsonb_build_object('request', r.request, 'hash', encode(r.hash, 'hex'))) FROM requests r
           WHERE r.app = w.app AND r.wallet = w.wallet AND r.kind IN ('grant', 'policy', 'revoke') AND r.request IS NOT NULL) AS signed
        FROM ${unnest(owners, OWNER)} WITH ORDINALITY AS w (app, wallet, at)
        ORDER BY w.at`.execute(kysely);
      return rows.map(({ epoch, signed }) => ({ consent: consentOf(signed ?? []), epoch: epoch ?? 0 }));
    },

    async certificates(wallet) {
      const { rows } = await sql<StoredRequest>`
        SELECT request, encode(hash, 'hex') AS hash FROM requests
        WHERE wallet = ${wallet} AND kind = 'recipient' AND request IS NOT NULL
        ORDER BY (request->>'issuedAt')::bigint DESC, id DESC LIMIT 100`.execute(kysely);
      return rows.map(restore).filter((one) => one.kind === 'recipient');
    },

    async certified(x25519, now) {
      const row = await kysely
        .selectFrom('requests')
        .select('id')
        .where('kind', '=', 'recipient')
        .where('x25519', '=', x25519)
        .where('expires_at', '>', now)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },

    async record(accesses, at) {
      if (accesses.length === 0) return;
      const rows = accesses.map((access) => ({ ...access, by: fromHex(access.by, 16) }));
      await sql`
        INSERT INTO key_accesses AS a (app, wallet, reader, scope, root_version, epoch, by, first, last)
        SELECT g.*, ${at}::bigint, ${at}::bigint
        FROM ${unnest(rows, ACCESS)} AS g (app, wallet, reader, scope, root_version, epoch, by)
        ORDER BY app, wallet, reader, scope, root_version, epoch, by
        ON CONFLICT (app, wallet, reader, scope, root_version, epoch, by)
        DO UPDATE SET last = greatest(a.last, excluded.last), times = a.times + 1`.execute(kysely);
    },

    async accesses({ app, wallet }, { before, limit }) {
      const rows = await kysely
        .selectFrom('key_accesses')
        .selectAll()
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .$if(before !== undefined, (query) => query.where('last', '<', before as number))
        .orderBy('last', 'desc')
        .orderBy('reader')
        .orderBy('scope')
        .orderBy('epoch')
        .limit(limit)
        .execute();
      return rows.map(({ root_version, by, ...row }) => ({ ...row, rootVersion: root_version, by: toHex(by) }));
    },

    async answerExpired(now, limit) {
      const owners = await kysely
        .selectFrom('requests')
        .select(['app', 'wallet'])
        .distinct()
        .where('kind', 'in', ['grant', 'policy'])
        .where('request', 'is not', null)
        .where('answered', '=', false)
        .where('expires_at', '<=', now)
        .limit(limit)
        .execute();
      for (const owner of owners) {
        await kysely.transaction().execute(async (tx) => {
          const epochs = await ownerEpochs(tx, owner);
          const hex = { app: toHex(owner.app), wallet: toHex(owner.wallet) };
          await setOwnerEpochs(tx, owner, rekey(await storedConsent(tx, owner), hex, epochs, now));
        });
      }
      return owners.length;
    },
  };
}
