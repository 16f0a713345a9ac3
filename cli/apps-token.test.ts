import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { encodeSs58, toHex } from '../protocol/index.ts';
import { type Account, accountFromPhrase, Ddc, deriveAccount } from '../sdk/js/index.ts';
import { type MemoryApi, startMemoryApi } from '../test/support/api.ts';
import { command } from '../test/support/crypto-command.ts';
import { memoryRooms } from '../test/support/memory-rooms.ts';
import { tokenOfApp } from './apps-token.ts';

// Every command is a process; a loaded machine takes seconds for each.
jest.setTimeout(60_000);

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const folder = mkdtempSync(join(tmpdir(), 'ddc-apps-token-'));
const keyFile = join(folder, 'app');
let it: MemoryApi;
let working: ReturnType<typeof setInterval>;
/** Registered, and not open. */
let app: Account;
let alice: Account;
let bob: Account;

beforeAll(async () => {
  it = await startMemoryApi();
  const rooms = memoryRooms(it, it.vault);
  working = setInterval(() => void rooms.run(), 10);
  app = await accountFromPhrase(`${PHRASE}//closed`);
  writeFileSync(keyFile, `${PHRASE}//closed\n`, { mode: 0o600 });
  await it.apps.add({ app: app.publicKey, open: false });
});
beforeEach(() => {
  [alice, bob] = ['alice', 'bob'].map((name) => deriveAccount(app, `//${name}//${Math.random()}`)) as [
    Account,
    Account,
  ];
});
afterAll(async () => {
  clearInterval(working);
  rmSync(folder, { recursive: true });
  await it.api.close();
});

const key = () => toHex(app.publicKey);
const token = (...args: string[]) =>
  command(['apps', 'token', key(), '--key-file', keyFile, '--network', 'cere-sandbox', ...args]);
const made = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await token(...args);
  expect([code, err, out]).toEqual([0, '', expect.stringMatching(/^[\w-]+\n$/)]);
  return out.trimEnd();
};
const connect = (account: Account, more: { token?: string } = {}) =>
  Ddc.connect({ url: it.url, app: app.publicKey, account, ...more });

test('with it a user writes to an app that is not open, reads back, and moves large data; without it nothing is taken', async () => {
  const without = await connect(alice);
  await expect(without.record('PURCHASE', { purchase: { dollars: 29.33 } })).rejects.toMatchObject({
    code: 'app_closed',
  });
  await without.close();

  const ddc = await connect(alice, { token: await made('--operations', 'batches.write', 'blobs.write') });
  const cid = await ddc.blob(new TextEncoder().encode('a photo'), { scope: 'purchase' });
  const { eventId } = await ddc.record('PURCHASE', { purchase: { dollars: 29.33 } }, { blob: cid });
  const found = [];
  for await (const event of ddc.events()) found.push([event.id, event.scopes.purchase]);
  expect(found).toEqual([[eventId, '{"dollars":29.33}']]);
  expect(new TextDecoder().decode(await (await ddc.readBlob(cid)).bytes())).toBe('a photo');
  await ddc.close();
});

test('one for a wallet is for no other', async () => {
  const one = await made('--wallet', encodeSs58({ prefix: 42, key: alice.publicKey }), '--hours', '24');
  const hers = await connect(alice, { token: one });
  await hers.record('X', { purchase: 1 });
  await hers.close();
  const his = await connect(bob, { token: one });
  await expect(his.record('X', { purchase: 1 })).rejects.toMatchObject({ code: 'forbidden' });
  await his.close();
});

test('what is wrong is said, and no token printed', async () => {
  const { code, out, err } = await token('--hours', '25');
  expect([code, out, err]).toEqual([2, '', expect.stringContaining('24 hours at most')]);
  const wish = {
    ...{ secret: `${PHRASE}//closed`, algorithm: 'sr25519' as const, network: 'cere-sandbox' },
    ...{ wallet: '*', operations: ['batches.write'], hours: 1 },
  };
  const refused: [Partial<typeof wish>, RegExp][] = [
    [{ secret: `${PHRASE}//other` }, /^The key of --key-file is not that of [0-9a-f]{64}\.$/],
    [{ operations: ['batches.read'] }, /^batches\.read is no operation\. There are grants\.read, /],
    [{ wallet: 'nobody' }, /^--wallet is 64 hex digits or an SS58 address of 32 bytes\.$/],
    [{ secret: 'no phrase at all' }, /^This is no secret URI/],
  ];
  for (const [wrong, said] of refused)
    await expect(tokenOfApp(key(), { ...wish, ...wrong })).rejects.toMatchObject({
      message: expect.stringMatching(said),
    });
});
