import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createMemoryKms } from '../../connectors/kms/memory-kms.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { overwriteRoots } from '../../connectors/postgres/user-roots.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { rewrapRoots, rootsByKek } from '../../connectors/vault/rewrap.ts';
import {
  type Content,
  type KindName,
  keyPairFromSeed,
  ready,
  signRequest,
  toHex,
  type VerifiedRequest,
  verifyRequest,
} from '../../protocol/index.ts';
import type { Keks, Kms } from '../../services/pipeline/ports/kms.ts';
import type { RequestEffects } from '../../services/pipeline/ports/requests.ts';
import type { Owner } from '../../services/pipeline/ports/vault.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/room-process.ts';

const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const clock = { now: () => Date.now() };

let db: TestDatabase;
let kms: Kms;
beforeAll(async () => {
  await ready();
  db = await openTestDatabase('rewrap_races');
});
beforeEach(async () => {
  await sql`TRUNCATE user_roots, requests, removals`.execute(db.kysely);
  kms = createMemoryKms(`1 ${'11'.repeat(32)}`, random);
});
afterAll(() => db?.close());

interface Person extends Owner {
  readonly keyPair: ReturnType<typeof keyPairFromSeed>;
}
function person(): Person {
  const keyPair = keyPairFromSeed('ed25519', random.bytes(32));
  return { app: new Uint8Array(32).fill(9), wallet: keyPair.publicKey, keyPair };
}

const vault = () => openVault({ db, keks: kms, random, clock, calendar: clock });
const rootsOf = async (who: Owner, versions: readonly number[]) =>
  (await vault().roots(versions.map((rootVersion) => ({ app: who.app, wallet: who.wallet, rootVersion })))).map(
    (root) => root && toHex(root.userRoot),
  );

function signed<K extends KindName>(
  { app, wallet, keyPair }: Person,
  kind: K,
  content: Content<K>,
): VerifiedRequest<K> {
  const network = 'cere-sandbox';
  const head = { kind, network, app: toHex(app), wallet: toHex(wallet), id: toHex(random.bytes(16)) };
  const rest = { issuedAt: Date.now(), signer: 'wallet', algorithm: 'ed25519', wrap: 'none' } as const;
  return verifyRequest(signRequest({ ...head, ...rest, content }, keyPair), { network, kind });
}

/** As a room does it: in the transaction of a signed request. */
async function ask(request: VerifiedRequest, effect: (effects: RequestEffects) => Promise<unknown>): Promise<void> {
  await createRequests(db, createFreshRoot(kms, random)).once(request, async (effects) => {
    await effect(effects);
    return {};
  });
}
const erase = (who: Person) => ask(signed(who, 'erase', {}), (effects) => effects.erase());

/** Wraps all roots anew, doing `meanwhile` once a root has been read and before anything is written. */
async function rewrapDuring(meanwhile: () => Promise<void>) {
  let reached = false;
  const keks: Keks = {
    current: () => kms.current(),
    async version(version) {
      if (!reached) {
        reached = true;
        await meanwhile();
      }
      return kms.version(version);
    },
  };
  const done = await rewrapRoots(db, keks, random);
  expect(reached).toBe(true);
  return done;
}

test('an erasure between the reading and the writing of a rewrap: the root stays overwritten, all others are wrapped anew', async () => {
  const [gone, stays] = [person(), person()];
  await vault().transit([gone, stays]);
  const [before] = await rootsOf(stays, [1]);
  await kms.create();
  expect(await rewrapDuring(() => erase(gone))).toEqual({ rewrapped: 1, lost: 0 });
  expect(await rootsOf(gone, [1])).toEqual([null]);
  expect(await rootsOf(stays, [1])).toEqual([before]);
  expect(await rootsByKek(db)).toEqual(new Map([[2, 1]]));
});

test('a rewrap that waits for an erasure which has not committed yet leaves its roots overwritten', async () => {
  const [gone, stays] = [person(), person()];
  await vault().transit([gone, stays]);
  await kms.create();
  let rewrapping: Promise<unknown> | undefined;
  await db.kysely.transaction().execute(async (tx) => {
    await overwriteRoots(tx, gone);
    rewrapping = rewrapRoots(db, kms, random);
    await eventually('the rewrap waits for the row', async () => {
      const { rows } = await sql<{ waiting: number }>`
        SELECT count(*)::int AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db.kysely);
      return rows[0]?.waiting === 1 ? true : null;
    });
  });
  expect(await rewrapping).toEqual({ rewrapped: 1, lost: 0 });
  expect(await rootsOf(gone, [1])).toEqual([null]);
  expect((await rootsOf(stays, [1]))[0]).toMatch(/^[0-9a-f]{64}$/);
});

test('control: written without a look at what stands there, the same moment brings the erased root back', async () => {
  const gone = person();
  await vault().transit([gone]);
  const rows = await db.kysely.selectFrom('user_roots').select('wrapped').execute();
  await erase(gone);
  await sql`UPDATE user_roots SET wrapped = ${rows[0]?.wrapped}`.execute(db.kysely);
  expect((await rootsOf(gone, [1]))[0]).toMatch(/^[0-9a-f]{64}$/);
});

test('a move during a rewrap: the waiting root that it activates and the one before keep their keys, under the newest KEK in the end', async () => {
  const who = person();
  await vault().transit([who]);
  await ask(signed(who, 'move', { mode: 'client', subject: random.bytes(32), epoch: 0 }), (effects) =>
    effects.newClientRoot(new Uint8Array(32).fill(3), 0),
  );
  const prepared = await vault().prepare(who);
  const before = await rootsOf(who, [1, 2, 3]);
  await kms.create();
  await rewrapDuring(() =>
    ask(signed(who, 'move', { mode: 'service', subject: prepared.subject, epoch: 0 }), (effects) =>
      effects.activate(3, 0),
    ),
  );
  expect(await rootsOf(who, [1, 2, 3])).toEqual(before);
  expect((await vault().transit([who]))[0]).toMatchObject({ rootVersion: 3, mode: 'service' });
  expect(await rootsByKek(db)).toEqual(new Map([[2, 3]]));
});

test('a root that is made during a rewrap with the KEK of before is wrapped anew by the next one', async () => {
  const who = person();
  await vault().transit([who]);
  const old = createMemoryKms(`1 ${'11'.repeat(32)}`, random);
  await kms.create();
  const late = { ...person(), wallet: new Uint8Array(32) };
  await rewrapDuring(async () => {
    await openVault({ db, keks: old, random, clock, calendar: clock }).transit([late]);
  });
  const before = await rootsOf(late, [1]);
  await rewrapRoots(db, kms, random);
  expect(await rootsByKek(db)).toEqual(new Map([[2, 2]]));
  expect(await rootsOf(late, [1])).toEqual(before);
});

test('150 people, every third erased and every third re-opened, while two processes rewrap again and again', async () => {
  const people = Array.from({ length: 150 }, person);
  await vault().transit(people);
  const before = await Promise.all(people.map((who) => rootsOf(who, [1])));
  let erasing = true;
  const rewrapper = async () => {
    while (erasing) await rewrapRoots(db, kms, random);
  };
  const rotating = (async () => {
    while (erasing) {
      await kms.create();
      await rewrapRoots(db, kms, random);
    }
  })();
  const work = [rewrapper(), rotating];
  for (const [i, who] of people.entries()) {
    if (i % 3 === 0) continue;
    await erase(who);
    if (i % 3 === 2) await ask(signed(who, 'reopen', {}), (effects) => effects.newServiceRoot(0));
  }
  erasing = false;
  await Promise.all(work);
  await rewrapRoots(db, kms, random);
  const after = await Promise.all(people.map((who) => rootsOf(who, [1, 2])));
  for (const [i, [first, second]] of after.entries()) {
    expect(first).toEqual(i % 3 === 0 ? before[i]?.[0] : null);
    if (i % 3 === 2) expect(second).toMatch(/^[0-9a-f]{64}$/);
    else expect(second).toBeUndefined();
  }
  const { version } = await kms.current();
  expect(await rootsByKek(db)).toEqual(new Map([[version, 100]]));
}, 60_000);
