import { sql } from 'kysely';
import {
  type Consent,
  type Epochs,
  fromHex,
  parseRequest,
  rekey,
  toHex,
  type VerifiedRequest,
} from '../../protocol/index.ts';
import type { AccessPlace, Consents } from '../../services/pipeline/ports/consents.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Database, Executor } from './database.ts';
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
      const states = await statesOf(kysely, owners);
      return states.map(({ consent, epoch }) => ({ consent, epoch }));
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

    async accesses({ app, wallet }, { after, limit }) {
      const rows = await kysely
        .selectFrom('key_accesses')
        .selectAll()
        .where('app', '=', app)
        .where('wallet', '=', wallet)
        .$if(after !== undefined, (query) => query.where(behind(after as AccessPlace)))
        .orderBy('first', 'desc')
        .orderBy(sql`reader COLLATE "C", scope COLLATE "C", root_version, epoch, by`)
        .limit(limit)
        .execute();
      return rows.map(({ root_version, by, ...row }) => ({ ...row, rootVersion: root_version, by: toHex(by) }));
    },

    answerExpired: (now, limit) =>
      kysely.transaction().execute(async (tx) => {
        const owners = await lockDue(tx, now, limit);
        const states = await statesOf(tx, owners);
        const changes = owners.map((owner, i) => {
          const hex = { app: toHex(owner.app), wallet: toHex(owner.wallet) };
          const { consent, ...epochs } = states[i] as OwnerState;
          return { ...owner, ...rekey(consent, hex, epochs, now) };
        });
        await setEpochs(tx, changes);
        return owners.length;
      }),
  };
}

const behind = ({ first, reader, scope, rootVersion, epoch, by }: AccessPlace) => sql<boolean>`(
  first < ${first} OR first = ${first}
    AND (reader COLLATE "C", scope COLLATE "C", root_version, epoch, by)
      > (${reader}::text COLLATE "C", ${scope}::text COLLATE "C", ${rootVersion}::integer, ${epoch}::bigint, ${fromHex(by, 16)}::bytea))`;

interface OwnerState extends Epochs {
  readonly consent: Consent;
}

/** What each owner has signed, the newest epoch that has begun, and which ends it answers; in order, one round trip. */
async function statesOf(on: Executor, owners: readonly Owner[]): Promise<OwnerState[]> {
  if (owners.length === 0) return [];
  const { rows } = await sql<{ epoch: number | null; signed: StoredRequest[] | null; answered: string[] | null }>`
    SELECT
      (SELECT max(epoch) FROM user_roots u WHERE u.app = w.app AND u.wallet = w.wallet AND NOT u.prepared) AS epoch,
      (SELECT jsonb_agg(jsonb_build_object('request', r.request, 'hash', encode(r.hash, 'hex'))) FROM requests r
       WHERE r.app = w.app AND r.wallet = w.wallet AND r.kind IN ('grant', 'policy', 'revoke') AND r.request IS NOT NULL) AS signed,
      (SELECT array_agg(encode(a.id, 'hex')) FROM requests a
       WHERE a.app = w.app AND a.wallet = w.wallet AND a.kind IN ('grant', 'policy') AND a.answered) AS answered
    FROM ${unnest(owners, OWNER)} WITH ORDINALITY AS w (app, wallet, at)
    ORDER BY w.at`.execute(on);
  return rows.map(({ epoch, signed, answered }) => ({
    consent: consentOf(signed ?? []),
    epoch: epoch ?? 0,
    answered: answered ?? [],
  }));
}

/** Owners of whom something has ended unanswered. Whom a request, or another process, is at work on is passed over: the next look comes. */
async function lockDue(tx: Executor, now: number, limit: number): Promise<Owner[]> {
  const { rows } = await sql<Owner>`
    SELECT app, wallet FROM (
      SELECT DISTINCT app, wallet FROM requests
      WHERE kind IN ('grant', 'policy') AND request IS NOT NULL AND NOT answered AND expires_at <= ${now} OFFSET 0
    ) AS due
    WHERE pg_try_advisory_xact_lock(hashtextextended(encode(app, 'hex') || encode(wallet, 'hex'), 0))
    LIMIT ${limit}`.execute(tx);
  return rows;
}

async function setEpochs(tx: Executor, changes: readonly (Owner & Epochs)[]): Promise<void> {
  const ends = changes.flatMap(({ app, wallet, answered }) =>
    answered.map((id) => ({ app, wallet, id: fromHex(id, 16) })),
  );
  const epochs = changes.map(({ app, wallet, epoch }) => ({ app, wallet, epoch }));
  if (epochs.length > 0)
    await sql`UPDATE user_roots u SET epoch = w.epoch
      FROM ${unnest(epochs, { ...OWNER, epoch: 'bigint' })} AS w (app, wallet, epoch)
      WHERE u.app = w.app AND u.wallet = w.wallet AND u.epoch < w.epoch`.execute(tx);
  if (ends.length > 0)
    await sql`UPDATE requests q SET answered = true
      FROM ${unnest(ends, { ...OWNER, id: 'bytea' })} AS w (app, wallet, id)
      WHERE q.app = w.app AND q.wallet = w.wallet AND q.id = w.id AND NOT q.answered`.execute(tx);
}
