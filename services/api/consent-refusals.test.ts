import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  type Content,
  encryptionKeyPairFromSeed,
  type KeyPair,
  type KindName,
  signRequest,
  toHex,
} from '../../protocol/index.ts';
import { type Account, accountFromPhrase, DdcClient, deriveAccount } from '../../sdk/js/index.ts';
import { app as appAccount, type MemoryApi, startMemoryApi } from '../../test/support/api.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const HOUR = 3_600_000;
const app = appAccount.publicKey;

let it: MemoryApi;
let root: Account;
let client: DdcClient;
let ahead = 0;
const now = () => Date.now() + ahead;
let owner: Account;
let stranger: Account;
let pair: KeyPair;

beforeAll(async () => {
  root = await accountFromPhrase(`${PHRASE}//refusals`);
  it = await startMemoryApi({ clock: { now } });
  client = new DdcClient({ endpoint: it.url, network: 'cere-sandbox', app, now });
});
afterAll(async () => {
  client.close();
  await it.api.close();
});
beforeEach(() => {
  ahead = 0;
  const fresh = (who: string) => deriveAccount(root, `//${who}-${randomBytes(6).toString('hex')}`);
  [owner, stranger] = [fresh('owner'), fresh('stranger')];
  pair = encryptionKeyPairFromSeed(new Uint8Array(randomBytes(32)));
});

function signed<K extends KindName>(kind: K, content: Content<K>, of = toHex(app)) {
  const head = { kind, network: 'cere-sandbox', app: of, wallet: toHex(owner.publicKey) };
  const id = toHex(new Uint8Array(randomBytes(16)));
  const how = { signer: 'wallet', algorithm: owner.algorithm, wrap: 'none' } as const;
  return signRequest({ ...head, id, issuedAt: now(), ...how, content }, owner);
}
const post = async (path: string, body: unknown) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${it.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return [answer.status, ((await answer.json()) as { code?: string }).code];
};
const grantFrom = (fromEpoch: number) =>
  ({
    grantor: owner.publicKey,
    scope: 'purchase',
    fromEpoch,
    recipient: pair.publicKey,
    expiresAt: now() + HOUR,
  }) as const;

test('a call without a token is told which kind is wanted', async () => {
  const answer = await fetch(`${it.url}/v1/wallets/${toHex(owner.publicKey)}/apps/${toHex(app)}/grants`);
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
});

test('a key that another wallet has registered is refused, whoever certifies it: a grant names only the key', async () => {
  await client.requests(stranger).certify(pair.publicKey, now() + HOUR);
  const content = { x25519: pair.publicKey, expiresAt: now() + HOUR };
  expect(await post('/v1/certificates', signed('recipient', content, '00'.repeat(32)))).toEqual([409, 'key_taken']);
  await client.requests(stranger).certify(pair.publicKey, now() + 2 * HOUR);
});

test('a grant begins at the latest with the next epoch', async () => {
  await client.requests(stranger).certify(pair.publicKey, now() + HOUR);
  expect(await post('/v1/grants', signed('grant', grantFrom(1)))).toEqual([201, undefined]);
  expect(await post('/v1/grants', signed('grant', grantFrom(2)))).toEqual([422, 'epoch_ahead']);
});

test('a question of somebody to whom nothing was allowed is answered with nothing, and makes no root', async () => {
  await client.requests(stranger).certify(pair.publicKey, now() + HOUR);
  expect(await client.requests(stranger).fetchKeys(owner.publicKey, ['purchase'], pair)).toEqual([]);
  expect(await it.vault.roots([{ app, wallet: owner.publicKey, rootVersion: 1 }])).toEqual([undefined]);
});

test('what was signed before an erasure and held back is refused after it', async () => {
  await it.vault.transit([{ app, wallet: owner.publicKey }]);
  await client.requests(stranger).certify(pair.publicKey, now() + HOUR);
  const policy = { scopes: ['purchase'], recipients: 'app' as const, expiresAt: now() + HOUR };
  const held = [signed('grant', grantFrom(0)), signed('policy', policy)] as const;
  ahead = 1_000;
  const mine = client.requests(owner);
  await mine.erase();
  ahead = 2_000;
  expect(await post('/v1/grants', held[0])).toEqual([409, 'older_than_erasure']);
  expect(await post('/v1/policies', held[1])).toEqual([409, 'older_than_erasure']);
  expect((await mine.grants()).grants).toEqual([]);
  expect(await post('/v1/policies', signed('policy', policy))).toEqual([201, undefined]);
});

test('a policy that would not be in force is refused: the one that is was signed by a clock that is ahead', async () => {
  const policy = (scopes: string[]) => ({ scopes, recipients: 'app' as const, expiresAt: now() + HOUR });
  ahead = 4 * 60_000;
  const wide = signed('policy', policy(['purchase', 'profile']));
  ahead = 0;
  const narrow = signed('policy', policy(['purchase']));
  expect(await post('/v1/policies', wide)).toEqual([201, undefined]);
  expect(await post('/v1/policies', narrow)).toEqual([409, 'policy_superseded']);
  ahead = 4 * 60_000 + 1;
  expect(await post('/v1/policies', signed('policy', policy(['purchase'])))).toEqual([201, undefined]);
});

test('a move of somebody who has no root yet leaves nothing behind that stops the first batch', async () => {
  const move = { mode: 'service', subject: new Uint8Array(32).fill(5), epoch: 0 } as const;
  expect(await post('/v1/moves', signed('move', move))).toEqual([409, 'same_mode']);
  expect((await it.vault.transit([{ app, wallet: owner.publicKey }]))[0]).toMatchObject({ mode: 'service' });
});
