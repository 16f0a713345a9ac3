import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { signRequest, toBase64url, toHex, utf8 } from '../../protocol/index.ts';
import { type Account, accountFromPhrase, deriveAccount } from '../../sdk/js/index.ts';
import { app, type MemoryApi, someBody, startMemoryApi } from '../../test/support/api.ts';
import { memoryRooms } from '../../test/support/memory-rooms.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//stored-batches';

let it: MemoryApi;
let owner: Account;
let stranger: Account;

beforeAll(async () => {
  it = await startMemoryApi();
  const parent = await accountFromPhrase(PHRASE);
  [owner, stranger] = [deriveAccount(parent, '//owner'), deriveAccount(parent, '//stranger')];
});
afterAll(() => it.api.close());

/** A token of `by`, for these operations in this app. */
function tokenOf(by: Account, ...operations: string[]): string {
  const wallet = toHex(by.publicKey);
  const head = { kind: 'token' as const, network: 'cere-sandbox', app: toHex(app.publicKey), wallet };
  const how = { signer: 'wallet', algorithm: by.algorithm, wrap: 'none' } as const;
  const expiresAt = Date.now() + 60_000;
  const content = { audience: 'cere-sandbox', operations, wallet: by.publicKey, key: by.publicKey, expiresAt };
  const id = toHex(new Uint8Array(randomBytes(16)));
  return toBase64url(utf8(JSON.stringify(signRequest({ ...head, id, issuedAt: Date.now(), ...how, content }, by))));
}
async function get(what: string, token?: string, of = app.publicKey) {
  const address = `${it.url}/v1/wallets/${toHex(owner.publicKey)}/apps/${toHex(of)}/${what}`;
  const answer = await fetch(address, token ? { headers: { authorization: `Bearer ${token}` } } : {});
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test.each([
  ['mode', 'move'],
  ['stored-batches', 'batches.locate'],
])('%s is told to the wallet itself only, by a token that names the operation', async (what, operation) => {
  expect(await get(what)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
  expect(await get(what, tokenOf(stranger, operation))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect(await get(what, tokenOf(owner, 'grants.read'))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect((await get(what, tokenOf(owner, operation))).status).toBe(200);
  const elsewhere = new Uint8Array(32).fill(5);
  expect(await get(what, tokenOf(owner, operation), elsewhere)).toMatchObject({ status: 403 });
});

test('whoever asks in a closed app makes no root; whoever has one is answered', async () => {
  const closed = await startMemoryApi();
  try {
    await closed.apps.add({ app: app.publicKey, tier: 'free', open: false });
    const named = { app: toHex(app.publicKey), wallet: toHex(owner.publicKey) };
    const authorization = `Bearer ${tokenOf(owner, 'move')}`;
    const mode = () =>
      fetch(`${closed.url}/v1/wallets/${named.wallet}/apps/${named.app}/mode`, { headers: { authorization } });
    const prepare = () =>
      fetch(`${closed.url}/v1/moves/prepare`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(named),
      });
    for (const ask of [mode, prepare]) {
      const answer = await ask();
      expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'app_closed' }]);
    }
    expect(closed.vault.tables.roots.size).toBe(0);
  } finally {
    await closed.api.close();
  }
  const known = await startMemoryApi();
  try {
    await known.apps.add({ app: app.publicKey, tier: 'free', open: false });
    await known.vault.transit([{ app: app.publicKey, wallet: owner.publicKey }]);
    const address = `${known.url}/v1/wallets/${toHex(owner.publicKey)}/apps/${toHex(app.publicKey)}/mode`;
    const answer = await fetch(address, { headers: { authorization: `Bearer ${tokenOf(owner, 'move')}` } });
    expect([answer.status, await answer.json()]).toMatchObject([200, { mode: 'service', rootVersion: 1 }]);
  } finally {
    await known.api.close();
  }
});

test('batches come by pages, oldest first, each once', async () => {
  const rooms = memoryRooms(it, it.vault);
  for (let i = 0; i < 5; i += 1) {
    const answer = await it.post(someBody({ wallet: toHex(owner.publicKey), keyPair: owner }));
    expect(answer.status).toBe(202);
  }
  await rooms.run();
  const token = tokenOf(owner, 'batches.locate');
  const seen: string[] = [];
  const sizes: number[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const { status, body } = await get(`stored-batches?limit=2${after && `&after=${after}`}`, token);
    expect(status).toBe(200);
    const page = body as { batches: { batchId: string; mode: string; slot: number }[]; next: string | null };
    seen.push(...page.batches.map(({ batchId }) => batchId));
    sizes.push(page.batches.length);
    after = page.next;
  }
  expect(sizes).toEqual([2, 2, 1]);
  expect(new Set(seen)).toEqual(new Set(rooms.pinned.map(({ value }) => toHex(value.batchId))));
  for (const bad of ['after=x', 'after=1.ab', 'limit=0', 'limit=1001', 'more=1'])
    expect(await get(`stored-batches?${bad}`, token)).toMatchObject({ status: 400, body: { code: 'invalid' } });
});
