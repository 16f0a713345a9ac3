import { type RawBuilder, sql } from 'kysely';
import { fromHex, rekey, toHex } from '../../protocol/index.ts';
import type { AccessPlace, Consents } from '../../services/pipeline/ports/consents.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import type { Database, Executor } from './database.ts';
import { ownerStates, restore, type StoredRequest, setEpochs } from './owner-states.ts';
import { unnest } from './unnest.ts';

const ACCESS = {
  app: 'bytea',
  wallet: 'bytea',
  reader: 'text',
  scope: 'text',
  rootVersion: 'integer',
  epoch: 'bigint',
  by: 'bytea',
};

const clockOfDatabase = () => sql<number>`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;

/** Consent and the access log in PostgreSQL. @param databaseNow milliseconds since the epoch; for tests */
export function createConsents(db: Database, databaseNow: () => RawBuilder<number> = clockOfDatabase): Consents {
  const { kysely } = db;
  return {
    async of(owners) {
      const states = await ownerStates(kysely, owners);
      return states.map(({ consent, epoch }) => ({ consent, epoch }));
    },

    async owners(app, limit) {
      const { rows } = await sql<Owner>`
        SELECT DISTINCT app, wallet FROM requests
        WHERE app = ${app} AND kind IN ('grant', 'policy') AND request IS NOT NULL AND NOT answered
        ORDER BY wallet LIMIT ${limit}`.execute(kysely);
      return rows;
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
        // What is answered is over for good: the clock of one process that jumps ahead must not end what holds.
        const owners = await lockDue(tx, sql`least(${now}::bigint, ${databaseNow()})`, limit);
        const states = await ownerStates(tx, owners);
        const changes = owners.map((owner, i) => {
          const hex = { app: toHex(owner.app), wallet: toHex(owner.wallet) };
          const { consent, ...epochs } = states[i] as (typeof states)[number];
          return { app: owner.app, wallet: owner.wallet, ...rekey(consent, hex, epochs, owner.at) };
        });
        // Another process may have answered an owner after this statement's snapshot and before its lock: nothing is left to answer then.
        const due = changes.filter(({ answered }) => answered.length > 0);
        await setEpochs(tx, due);
        return due.length;
      }),
  };
}

const behind = ({ first, reader, scope, rootVersion, epoch, by }: AccessPlace) => sql<boolean>`(
  first < ${first} OR first = ${first}
    AND (reader COLLATE "C", scope COLLATE "C", root_version, epoch, by)
      > (${reader}::text COLLATE "C", ${scope}::text COLLATE "C", ${rootVersion}::integer, ${epoch}::bigint, ${fromHex(by, 16)}::bytea))`;

/** Owners of whom something has ended unanswered. Whom a request, or another process, is at work on is passed over: the next look comes. */
async function lockDue(tx: Executor, now: RawBuilder<number>, limit: number): Promise<(Owner & { at: number })[]> {
  const { rows } = await sql<Owner & { at: number }>`
    WITH clock AS MATERIALIZED (SELECT ${now} AS at)
    SELECT app, wallet, (SELECT at FROM clock) AS at FROM (
      SELECT DISTINCT app, wallet FROM requests
      WHERE kind IN ('grant', 'policy') AND request IS NOT NULL AND NOT answered AND expires_at <= (SELECT at FROM clock) OFFSET 0
    ) AS due
    WHERE pg_try_advisory_xact_lock(hashtextextended(encode(app, 'hex') || encode(wallet, 'hex'), 0))
    LIMIT ${limit}`.execute(tx);
  return rows;
}
