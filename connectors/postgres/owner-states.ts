import { sql } from 'kysely';
import { type Consent, type Epochs, fromHex, parseRequest, toHex, type VerifiedRequest } from '../../protocol/index.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Executor } from './database.ts';
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

/** What decides who may read an owner, and what `rekey` needs. */
export interface OwnerState extends Epochs {
  readonly consent: Consent;
}

const OWNER = { app: 'bytea', wallet: 'bytea' };

/**
 * What of each owner's signatures still counts, and the newest epoch that has begun; in order, one round trip. An end that was answered is over
 * for good: what ended so is left out, with the revocations that made it, so that what an owner has signed in a lifetime costs nothing.
 */
export async function ownerStates(on: Executor, owners: readonly Owner[]): Promise<OwnerState[]> {
  if (owners.length === 0) return [];
  const { rows } = await sql<{ epoch: number | null; signed: StoredRequest[] | null }>`
    SELECT
      (SELECT max(epoch) FROM user_roots u WHERE u.app = w.app AND u.wallet = w.wallet AND NOT u.prepared) AS epoch,
      (SELECT jsonb_agg(jsonb_build_object('request', r.request, 'hash', encode(r.hash, 'hex'))) FROM requests r
       WHERE r.app = w.app AND r.wallet = w.wallet AND r.kind IN ('grant', 'policy', 'revoke') AND r.request IS NOT NULL AND NOT r.answered
      ) AS signed
    FROM ${unnest(owners, OWNER)} WITH ORDINALITY AS w (app, wallet, at)
    ORDER BY w.at`.execute(on);
  return rows.map(({ epoch, signed }) => ({ consent: consentOf(signed ?? []), epoch: epoch ?? 0, answered: [] }));
}

/** Id of the owner's policy that was signed last, ended or not. */
export async function newestPolicy(on: Executor, { app, wallet }: Owner): Promise<string | null> {
  const { rows } = await sql<{ id: Uint8Array }>`
    SELECT id FROM requests WHERE app = ${app} AND wallet = ${wallet} AND kind = 'policy' AND request IS NOT NULL
    ORDER BY (request->>'issuedAt')::bigint DESC, id DESC LIMIT 1`.execute(on);
  return rows[0] ? toHex(rows[0].id) : null;
}

/** The owner's state; locks its roots until the transaction ends. */
export async function lockOwnerState(tx: Executor, owner: Owner): Promise<OwnerState> {
  await sql`SELECT FROM user_roots WHERE app = ${owner.app} AND wallet = ${owner.wallet} AND NOT prepared
    ORDER BY root_version FOR UPDATE`.execute(tx);
  const [state] = await ownerStates(tx, [owner]);
  return state as OwnerState;
}

/** Stores what `rekey` answered. One epoch for all roots of an owner: it belongs to (app, wallet). All revocations have had their effect then. */
export async function setEpochs(tx: Executor, changes: readonly (Owner & Epochs)[]): Promise<void> {
  if (changes.length === 0) return;
  const epochs = changes.map(({ app, wallet, epoch }) => ({ app, wallet, epoch }));
  await sql`UPDATE user_roots u SET epoch = w.epoch
    FROM ${unnest(epochs, { ...OWNER, epoch: 'bigint' })} AS w (app, wallet, epoch)
    WHERE u.app = w.app AND u.wallet = w.wallet AND u.epoch < w.epoch`.execute(tx);
  const ends = changes.flatMap(({ app, wallet, answered }) =>
    answered.map((id) => ({ app, wallet, id: fromHex(id, 16) })),
  );
  await sql`UPDATE requests q SET answered = true
    FROM ${unnest<Owner>(changes, OWNER)} AS w (app, wallet)
    WHERE q.app = w.app AND q.wallet = w.wallet AND NOT q.answered AND (q.kind = 'revoke' OR (q.app, q.wallet, q.id) IN (
      SELECT * FROM ${unnest(ends, { ...OWNER, id: 'bytea' })}))`.execute(tx);
}
