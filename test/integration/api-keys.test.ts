import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { parseKeks } from '../../connectors/kms/kek-list.ts';
import { createConsents } from '../../connectors/postgres/consents.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { encryptionKeyPairFromSeed, META_SCOPE, open, scopeKey, seal, toHex } from '../../protocol/index.ts';
import { type Account, accountFromPhrase, DdcClient, deriveAccount, type WalletRequests } from '../../sdk/js/index.ts';
import { endExpired } from '../../services/api/end-expired.ts';
import type { Consents } from '../../services/pipeline/ports/consents.ts';
import type { Vault } from '../../services/pipeline/ports/vault.ts';
import { repeat } from '../../services/pipeline/repeat.ts';
import { app as appAccount, type MemoryApi, startMemoryApi } from '../support/api.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/room-process.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const HOUR = 3_600_000;
const app = appAccount.publicKey;
const pair = encryptionKeyPairFromSeed(new Uint8Array(randomBytes(32)));
/** Moves the calendar of the service and of the client. */
let ahead = 0;
const now = () => Date.now() + ahead;
/** Moves the clock by which the vault forgets. */
let passed = 0;
const cachesEnd = () => {
  passed += 5_001;
};

let db: TestDatabase;
let vault: Vault;
let consents: Consents;
let it: MemoryApi;
let client: DdcClient;
let owner: Account;
let mine: WalletRequests;
let friends: WalletRequests;

beforeAll(async () => {
  db = await openTestDatabase('api_keys');
  const keks = parseKeks(`1 ${'11'.repeat(32)}`);
  const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
  consents = createConsents(db, () => sql`${now()}::bigint`);
  const clock = { now: () => performance.now() + passed };
  vault = openVault({ db, keks, random, clock, calendar: { now } });
  const requests = createRequests(db, createFreshRoot(keks, random));
  it = await startMemoryApi({ clock: { now }, vault, requests, consents });
  client = new DdcClient({ endpoint: it.url, network: 'cere-sandbox', app, now });
  const root = await accountFromPhrase(`${PHRASE}//api-keys`);
  owner = deriveAccount(root, '//owner');
  const friend = deriveAccount(root, '//friend');
  [mine, friends] = [client.requests(owner), client.requests(friend)];
  await friends.certify(pair.publicKey, now() + 100 * HOUR);
  await vault.transit([{ app, wallet: owner.publicKey }]);
}, 60_000);

afterAll(async () => {
  client?.close();
  await it?.api.close();
  await vault?.close();
  await db?.close();
});

/** An envelope as the encryptor makes it. */
async function sealed(scope: string, epoch: number) {
  const [root] = await vault.roots([{ app, wallet: owner.publicKey, rootVersion: 1 }]);
  if (!root) throw new Error('no root');
  const place = { epoch, app, subject: root.subject, eventId: 'e', scope };
  const key = scopeKey(root.userRoot, app, scope, epoch);
  const data = `{"epoch":${epoch}}`;
  const envelope = seal({ ...place, scopeKey: key, salt: new Uint8Array(16), data, nonce: new Uint8Array(24) });
  return { data, openWith: (given: Uint8Array) => open({ ...place, scopeKey: given, envelope }).data };
}
const fetched = () => friends.fetchKeys(owner.publicKey, ['purchase', 'profile', META_SCOPE], pair);
const shown = (keys: Awaited<ReturnType<typeof fetched>>) => keys.map(({ scope, epoch }) => `${scope}/${epoch}`).sort();
const epochNow = async () => (await consents.of([{ app, wallet: owner.publicKey }]))[0]?.epoch;

test('certificate, grant, fetch, open; revoke: a new epoch and nothing more; a policy expires: the same; the log shows it all', async () => {
  const grant = await mine.grant({
    scope: 'purchase',
    fromEpoch: 0,
    recipient: pair.publicKey,
    expiresAt: now() + HOUR,
  });
  const first = await fetched();
  expect(shown(first)).toEqual(['purchase/0']);
  const old = first[0]?.key as Uint8Array;
  const before = await sealed('purchase', 0);
  expect(before.openWith(old)).toBe(before.data);

  expect(await mine.revoke(grant.id)).toMatchObject({ epoch: 1, effectiveWithinSeconds: 5 });
  cachesEnd();
  expect(await fetched()).toEqual([]);
  const after = await sealed('purchase', 1);
  expect(() => after.openWith(old)).toThrow();
  expect(before.openWith(old)).toBe(before.data);

  const friendsWallet = deriveAccount(await accountFromPhrase(`${PHRASE}//api-keys`), '//friend').publicKey;
  const policy = await mine.policy({ scopes: ['profile'], recipients: [friendsWallet], expiresAt: now() + HOUR });
  cachesEnd();
  expect(shown(await fetched())).toEqual(['profile/0', 'profile/1']);

  ahead = 2 * HOUR;
  expect(await fetched()).toEqual([]);
  const failures: unknown[] = [];
  const keeper = repeat(endExpired(consents, now), {
    clock: { now, sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    random: { float: () => 0, bytes: (length) => new Uint8Array(length) },
    onRetry: (_operation, _attempt, error) => failures.push(error),
    onFatal: (error) => failures.push(error),
  });
  await eventually(
    'the end of the policy begins an epoch',
    async () => ((await epochNow()) === 2 ? true : null),
    10_000,
  );
  await keeper.close();
  expect(failures).toEqual([]);

  expect((await mine.grants()).grants.map(({ state, request }) => [state, request.id])).toEqual([
    ['expired', policy.id],
    ['revoked', grant.id],
  ]);
  cachesEnd();
  const own = await mine.keys(['purchase'], pair);
  expect(shown(own)).toEqual(['purchase/0', 'purchase/1', 'purchase/2']);
  const { accesses, next } = await mine.accessLog();
  expect(next).toBeNull();
  const friend = `wallet:${toHex(friendsWallet)}`;
  const self = `wallet:${toHex(owner.publicKey)}`;
  expect(accesses.map(({ reader, scope, epoch }) => `${reader}/${scope}/${epoch}`).sort()).toEqual(
    [
      `${friend}/purchase/0`,
      `${friend}/profile/0`,
      `${friend}/profile/1`,
      `${self}/purchase/0`,
      `${self}/purchase/1`,
      `${self}/purchase/2`,
    ].sort(),
  );
  expect(accesses.filter(({ by }) => by === grant.id)).toHaveLength(1);
  expect(accesses.filter(({ by }) => by === policy.id)).toHaveLength(2);
}, 60_000);
