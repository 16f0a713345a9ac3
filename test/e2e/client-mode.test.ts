import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { CID } from 'multiformats/cid';
import { takeHoldings } from '../../cli/census/census.ts';
import { exportedRows } from '../../cli/census/exported-rows.ts';
import { sandboxCast } from '../../cli/demo/cast.ts';
import { encodeBearer, encodeNdjson, fromHex, META_SCOPE, scopeKey, subjectOf, toHex } from '../../protocol/index.ts';
import {
  type Account,
  accountFromPhrase,
  appToken,
  type ClientMode,
  DdcClient,
  deriveAccount,
  memoryKeyStore,
} from '../../sdk/js/index.ts';
import { ROOMS } from '../../stack/rooms.ts';
import { someBatch, someEvent } from '../support/api.ts';
import { drained } from '../support/drained.ts';
import { lies } from '../support/lying-clients.ts';
import { postBatch } from '../support/posting.ts';
import { eventually } from '../support/room-process.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const HOUR = 3_600_000;

let it: SuiteSandbox;
let client: DdcClient;
/** Encrypts by itself. */
let owner: Account;
/** Lets the service encrypt. */
let neighbour: Account;
let mode: ClientMode;
const userRoot = new Uint8Array(randomBytes(32));
const store = memoryKeyStore();
/** Every batch that must live, and of whom; and the events that the export must have. */
const live: string[] = [];
let exported = 0;
/** Rooms that ended by themselves. */
const ended: string[] = [];

beforeAll(async () => {
  it = await suiteSandbox('client-mode');
  it.sandbox.rooms.on('exit', ({ room }) => void ended.push(room));
  const { network, api: endpoint } = it.deployment;
  client = new DdcClient({ endpoint, network, app: it.app, maxDelayMs: 20 });
  const root = await accountFromPhrase(`${PHRASE}//client-mode//${randomBytes(6).toString('hex')}`);
  [owner, neighbour] = [deriveAccount(root, '//owner'), deriveAccount(root, '//neighbour')];
  for (const account of [owner, neighbour]) {
    // The owner allows it too: what keeps the export out is that nobody but the owner has the keys.
    const policy = { scopes: ['purchase', 'profile'], recipients: 'app' as const, expiresAt: Date.now() + HOUR };
    await client.requests(account).policy(policy);
  }
  mode = await client.clientMode(owner, store);
}, 120_000);
afterAll(async () => {
  client?.close();
  await it?.close();
});

/** Writes one event per sum and waits until each is safe. */
async function write(account: Account, sums: readonly string[], by?: ClientMode): Promise<string[]> {
  const stream = client.stream(account, { purchase: ['sum'] }, by ? { mode: by } : {});
  const ids = await Promise.all(
    sums.map((sum, i) => {
      // Each a moment later: batches of one moment stand in the order of their ids.
      const time = new Date(Date.now() + i);
      const safe = stream.record({ type: 'PURCHASE', time, data: { sum, page: '/checkout' } });
      stream.flush();
      return safe;
    }),
  );
  live.push(...ids);
  return ids;
}
const fetchBlock = (cid: string) => it.stores.ipfs.block(CID.parse(cid));
const allRead = async () => {
  const found = [];
  for await (const one of mode.read(fetchBlock)) found.push(one);
  return found;
};
const sumsRead = async () =>
  (await allRead()).flatMap((one) =>
    one.kind === 'opened' ? one.batch.events.map((event) => 'scopes' in event && event.scopes.purchase) : [],
  );
const shown = (sums: readonly string[]) => sums.map((sum) => JSON.stringify({ sum }));
const everythingDrained = () => drained(it, { batchIds: live.map((id) => fromHex(id, 32)), events: exported });
/** Waits until the export says that it met so many: a stretch that is delivered again is counted again. */
const exportCounts = (kind: string, least: number) =>
  eventually(`the export counts ${least} of ${kind}`, async () => {
    const text = await (await fetch(`${it.sandbox.rooms.url('exporter')}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith('ddc_export_total') && one.includes(`kind="${kind}"`));
    return Number(line?.split(' ').at(-1) ?? 0) >= least ? true : null;
  });
const crashes = async () =>
  (await sql<{ n: number }>`SELECT count(*)::integer AS n FROM crashes`.execute(it.stores.database.kysely)).rows[0]?.n;
const MINE = ['one', 'two', 'three'];

test('a wallet that encrypts by itself: through every room to the chain, nothing readable for the export, everything for the owner', async () => {
  await mode.moveToClient(userRoot);
  await write(owner, MINE, mode);
  await mode.newEpoch();
  await write(owner, ['four'], mode);
  await write(neighbour, ['five', 'six']);
  exported = 2;
  await everythingDrained();

  // The export has the neighbour's rows and says of the owner's that it has no keys.
  const rows = await exportedRows(it.deployment.exportFolder, new Set(live));
  expect(new Set(rows.map(({ batchId }) => batchId))).toEqual(new Set(live.slice(-2)));
  await exportCounts('no_key', 4);
  expect(await sumsRead()).toEqual(shown([...MINE, 'four']));
  expect((await allRead()).map((one) => one.kind === 'opened' && one.batch.epoch)).toEqual([0, 0, 0, 1]);
}, 120_000);

test('the vault has nothing that opens it: a transit root, and no key of any scope', async () => {
  const { vault } = it.stores;
  const of = { app: it.app, wallet: owner.publicKey };
  const [transit] = await vault.transit([of]);
  if (!transit) throw new Error('no transit key');
  expect([transit.mode, toHex(transit.subject)]).toEqual(['client', toHex(subjectOf(userRoot))]);
  const [root] = await vault.roots([{ ...of, rootVersion: transit.rootVersion }]);
  if (!root) throw new Error('no root');
  expect(toHex(root.userRoot)).not.toBe(toHex(userRoot));
  expect(toHex(subjectOf(root.userRoot))).not.toBe(toHex(root.subject));

  const reader = { name: 'export:sandbox', asker: { exportOf: toHex(it.app) } };
  const wanted = ['purchase', '__default_scope', META_SCOPE].map((scope) => ({
    ...{ ...of, reader, rootVersion: transit.rootVersion, scope, epoch: 0 },
  }));
  expect(await vault.scopeKeys(wanted)).toEqual([null, null, null]);
  // Control: of the neighbour the same reader gets what the policy names.
  const theirs = wanted.map((one) => ({ ...one, wallet: neighbour.publicKey, rootVersion: 1 }));
  expect((await vault.scopeKeys(theirs)).map((one) => one !== null)).toEqual([true, false, true]);
  // Whoever opens with the vault's roots, as the operator could, fails at every batch of the owner.
  const holdings = await takeHoldings(
    it.stores,
    live.map((id) => fromHex(id, 32)),
  );
  expect([holdings.opened.size, holdings.failures.length]).toEqual([2, 4]);
  expect(toHex(scopeKey(root.userRoot, it.app, META_SCOPE, 0))).not.toBe(
    toHex(scopeKey(userRoot, it.app, META_SCOPE, 0)),
  );
});

test('a lying client crashes no room and stops no partition; the reader refuses each lie and reads the rest', async () => {
  const wallet = toHex(owner.publicKey);
  const sign = () => {
    const scope = { salt: toHex(new Uint8Array(randomBytes(16))), data: '{"sum":"1"}' };
    const events = [0, 1].map(() => someEvent({ scopes: { purchase: scope } }));
    return someBatch({ app: toHex(it.app), wallet, keyPair: owner, events });
  };
  const epoch = mode.current?.epoch ?? 0;
  const told = lies({ app: it.app, userRoot, epoch, sign });
  for (const { name, batch } of told) {
    const answer = await postBatch(it.deployment.api, encodeNdjson(batch));
    expect({ name, status: answer.status }).toEqual({ name, status: 202 });
  }
  live.push(...told.map(({ batchId }) => toHex(batchId)));
  const [after] = await write(owner, ['honest'], mode);
  await write(neighbour, ['seven']);
  exported += 1;
  await everythingDrained();

  const found = await allRead();
  const refusals = found.flatMap((one) => (one.kind === 'refused' ? [[one.batchId, one.error.code]] : []));
  expect(new Map(refusals as [string, string][])).toEqual(new Map(told.map((one) => [toHex(one.batchId), one.code])));
  expect(found.some((one) => one.kind === 'opened' && one.batch.batchId === after)).toBe(true);
  await exportCounts('no_key', 4 + told.length + 1);
  expect([ended, await crashes()]).toEqual([[], 0]);
}, 120_000);

test('while it moves to the service and back nothing is lost or doubled; what it wrote under each root opens with that root', async () => {
  const stream = client.stream(owner, { purchase: ['sum'] }, { mode });
  const written: Promise<string>[] = [];
  const writeOne = () => {
    const safe = stream.record({ type: 'PURCHASE', data: { sum: `moving ${written.length}` } });
    written.push(safe);
    return safe;
  };
  const keepWriting = setInterval(writeOne, 200);
  // The service goes by what it remembers for up to 5 s; what is written after a move is taken once it does not.
  await mode.moveToService();
  await writeOne();
  await mode.moveToClient();
  await writeOne();
  clearInterval(keepWriting);
  const ids = [...new Set(await Promise.all(written))];
  live.push(...ids);
  const places = (await allPlaces()).filter(({ batchId }) => ids.includes(batchId));
  expect(places.map(({ batchId }) => batchId).sort()).toEqual([...ids].sort());
  const service = places.filter((place) => place.mode === 'service');
  expect([service.length > 0, service.length < places.length]).toEqual([true, true]);

  const byService = await takeHoldings(
    it.stores,
    service.map(({ batchId }) => fromHex(batchId, 32)),
  );
  expect(byService.failures).toEqual([]);
  exported += byService.eventIds.length;
  await everythingDrained();
  const sums = await sumsRead();
  for (const batch of byService.opened.values())
    for (const event of batch.events) sums.push(event.scopes.purchase as string);
  const moving = sums.filter((sum) => String(sum).includes('moving'));
  expect(moving.sort()).toEqual(shown(written.map((_, i) => `moving ${i}`)).sort());
  expect(sums.slice(0, 4)).toEqual(shown([...MINE, 'four']));
  expect((await store.load()).map(({ state }) => state)).toEqual(['past', 'current']);
  expect([ended, await crashes()]).toEqual([[], 0]);
  expect(ROOMS.every((room) => it.sandbox.rooms.pid(room) !== null)).toBe(true);
}, 180_000);

/** Once the index has all of them. */
async function allPlaces() {
  const requests = client.requests(owner);
  const { app } = await sandboxCast();
  const token = appToken(app, { network: it.deployment.network, operations: ['receipts.read'] });
  return eventually('the index has every batch of the owner', async () => {
    const places = [];
    for (let after: string | null | undefined; after !== null; ) {
      const page = await requests.storedBatches(after);
      places.push(...page.batches);
      after = page.next;
    }
    const known = new Set(places.map(({ batchId }) => batchId));
    const statuses = await fetch(`${it.deployment.api}/v1/batches/status`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${encodeBearer(token)}` },
      body: JSON.stringify({ ids: live }),
    });
    const { batches } = (await statuses.json()) as { batches: { batchId: string; wallet: string | null }[] };
    const mine = batches.filter(({ wallet }) => wallet === null || wallet === toHex(owner.publicKey));
    return mine.every(({ batchId, wallet }) => wallet !== null && known.has(batchId)) ? places : null;
  });
}
