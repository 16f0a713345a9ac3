import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { encryptionKeyPairFromSeed, ProtocolError, ready, toHex } from '../../protocol/index.ts';
import { type ConsumingWorld, consumingWorld, type Reading } from '../../test/support/consuming-world.ts';
import {
  type Account,
  accountFromPhrase,
  type ConsumedEvent,
  type ConsumeOptions,
  type Consumption,
  deriveAccount,
} from './index.ts';

let world: ConsumingWorld;
let root: Account;
let friend: Reading;
let owner: Account;
let groups = 0;
let groupId = '';

beforeAll(async () => {
  await ready();
  root = await accountFromPhrase('bottom drive obey lake curtain smoke basket hold race lonely fit walk//consuming');
  world = await consumingWorld();
}, 30_000);
afterAll(() => world.close());
beforeEach(async () => {
  groups += 1;
  groupId = `group-${groups}`;
  friend = await world.reader(account('friend'));
  owner = account('owner');
});

const account = (name: string) => deriveAccount(root, `//${name}-${randomBytes(6).toString('hex')}`);

function consume(over: Partial<ConsumeOptions> = {}, by = friend): Consumption {
  return by.ddc.consume({ log: world.log, groupId, scopes: ['purchase'], ...over });
}

/** The next so many; whoever asked for the last one is not through with it. */
async function taken(events: Consumption, count: number): Promise<ConsumedEvent[]> {
  const all: ConsumedEvent[] = [];
  while (all.length < count) {
    const { value, done } = await events.next();
    if (done) throw new Error(`it ended after ${all.length}`);
    all.push(value);
  }
  return all;
}
const ids = (events: readonly ConsumedEvent[]) => events.map(({ id }) => id);

/** Everything that comes until an event of a last wallet, which nobody else knows, has come. */
async function everything(options: Partial<ConsumeOptions> = {}, by = friend): Promise<ConsumedEvent[]> {
  // One wallet in each partition that there are wallets in (the first byte of an sr25519 key is even): what is in front of its event has come by then.
  const last = new Set<string>();
  for (let seen = 0; seen !== 0b0101; ) {
    const one = account('last');
    const bit = 1 << ((one.publicKey[0] ?? 0) % 4);
    if (seen & bit) continue;
    seen |= bit;
    await world.grant(one, by);
    for (const id of await world.write(one, 1)) last.add(id);
  }
  const events = consume(options, by);
  const all: ConsumedEvent[] = [];
  for await (const event of events) {
    if (!last.delete(event.id)) all.push(event);
    if (last.size === 0) await events.commit();
    if (last.size === 0) break;
  }
  return all;
}

test('what was granted comes once, opened and under a verified signature, of nobody else and in its order', async () => {
  const silent = account('silent');
  await world.grant(owner, friend);
  const written = await world.write(owner, 5);
  await world.write(silent, 2);
  const events = await everything();
  expect(ids(events)).toEqual(written);
  for (const [n, event] of events.entries()) {
    expect(event).toMatchObject({ wallet: toHex(owner.publicKey), signer: 'wallet', session: `s${n}` });
    expect(event.scopes).toEqual({ purchase: `{"n":${n}}` });
  }
  const odd = consume({ groupId: `${groupId}-b`, types: ['ODD'] });
  expect(ids(await taken(odd, 2))).toEqual([written[1], written[3]]);
  await odd.return();
  // Another group may read less: nothing of it is granted to that one.
  const other = await world.reader(account('other'));
  expect(await everything({ groupId: `${groupId}-c` }, other)).toEqual([]);
});

test('without scopes all that may be read comes, and the own wallet opens everything', async () => {
  const mine = await world.reader(owner);
  const written = await world.write(owner, 2);
  const events = await everything({}, mine);
  expect(ids(events)).toEqual(written);
  const more = mine.ddc.consume({ log: world.log, groupId: `${groupId}-b` });
  // Partitions come in any order, and in others are wallets that let it read less.
  const scopes = async () => {
    for await (const event of more) if (event.id === written[0]) return event.scopes;
    return null;
  };
  expect(await scopes()).toEqual({ purchase: '{"n":0}', profile: '{"name":"name 0"}' });
});

test('a wallet that still grants to an old key gives nothing, is told of, and holds up nobody', async () => {
  const old = await world.reader(friend.ddc.account, encryptionKeyPairFromSeed(new Uint8Array(randomBytes(32))));
  const stale = account('stale');
  await world.grant(stale, old);
  await world.write(stale, 3);
  await world.grant(owner, friend);
  const written = await world.write(owner, 3);
  const told: string[] = [];
  const onTrouble: ConsumeOptions['onTrouble'] = ({ code, message }) => told.push(`${code} ${message}`);
  expect(ids(await everything({ onTrouble }))).toEqual(written);
  expect(told.filter((one) => one.startsWith('key_not_held'))).toEqual([
    expect.stringContaining(toHex(stale.publicKey)),
  ]);
});

test('copies of a record count once', async () => {
  await world.grant(owner, friend);
  const from = world.rooms.pinned.length;
  const written = await world.write(owner, 4);
  await world.append(from);
  await world.append(from);
  expect(ids(await everything())).toEqual(written);
});

describe('what counts as done', () => {
  test('is what the next one was asked for behind; leaving the loop leaves the one at hand', async () => {
    await world.grant(owner, friend);
    const written = await world.write(owner, 6);
    const first = consume();
    expect(ids(await taken(first, 3))).toEqual(written.slice(0, 3));
    await first.return();
    // The third event was not done.
    const second = consume();
    expect(ids(await taken(second, 2))).toEqual(written.slice(2, 4));
    // The second of them has not been asked behind yet.
    await second.commit();
    await second.return();
    const third = consume();
    expect(ids(await taken(third, 2))).toEqual(written.slice(4));
    await third.return();
    // Batches are of two events: of the last one half is done.
    const again = consume();
    expect(ids(await taken(again, 1))).toEqual(written.slice(5));
    await again.return();
  });

  test('explicit: nothing before it was committed, however much was given', async () => {
    await world.grant(owner, friend);
    const written = await world.write(owner, 6);
    const first = consume({ commit: 'explicit' });
    await taken(first, 5);
    await first.return();
    const second = consume({ commit: 'explicit' });
    expect(ids(await taken(second, 3))).toEqual(written.slice(0, 3));
    await second.commit();
    await taken(second, 3);
    await second.return();
    const third = consume({ commit: 'explicit' });
    expect(ids(await taken(third, 3))).toEqual(written.slice(3));
    await third.return();
  });

  test('a signal ends it; what the next one was asked for behind is done', async () => {
    await world.grant(owner, friend);
    const written = await world.write(owner, 4);
    const ending = new AbortController();
    const seen: string[] = [];
    for await (const { id } of consume({ signal: ending.signal })) {
      seen.push(id);
      if (seen.length === 2) ending.abort();
    }
    expect(seen).toEqual(written.slice(0, 2));
    const second = consume();
    expect(ids(await taken(second, 1))).toEqual(written.slice(2, 3));
    await second.return();
    for await (const _ of consume({ signal: AbortSignal.abort() })) throw new Error('it has ended');
    const waiting = consume({ groupId: `${groupId}-w`, from: 'now', signal: AbortSignal.timeout(300) });
    expect(await waiting.next()).toEqual({ value: undefined, done: true });
  });

  test('two members share the partitions; what one has and did not commit is told when it is too late', async () => {
    await world.grant(owner, friend);
    const written = await world.write(owner, 4);
    const first = consume({ commit: 'explicit' });
    const [one] = await taken(first, 1);
    const others = Array.from({ length: 4 }, () => consume({ commit: 'explicit' }));
    // With five members of four partitions somebody else may have it; each waits for its first event.
    const came = others.map((events) => events.next());
    const lost = await Promise.race([
      Promise.any(came.map((next) => next.then(({ value }) => value?.id))),
      new Promise<'kept'>((resolve) => setTimeout(() => resolve('kept'), 1_000)),
    ]);
    if (lost === 'kept') await first.commit();
    else {
      expect(lost).toBe(one?.id);
      await expect(first.commit()).rejects.toMatchObject({ code: 'partition_lost' });
    }
    for (const events of [first, ...others]) await events.return();
    expect(one?.id).toBe(written[0]);
  });
});

test('what is removed or erased is left out, also when it was read before the caller came to it', async () => {
  const other = account('other');
  for (const wallet of [owner, other]) await world.grant(wallet, friend);
  const written = await world.write(owner, 4);
  const gone = await world.write(other, 2);
  world.it.vault.tables.removals.push({
    ...{ app: world.app, wallet: owner.publicKey, id: new Uint8Array(randomBytes(16)), issuedAt: Date.now() },
    selector: { events: [written[1] ?? ''] },
  });
  await world.client.requests(other).erase();
  const events = ids(await everything());
  expect(events).toEqual(written.filter((_, i) => i !== 1));
  expect(events).not.toEqual(expect.arrayContaining(gone));
});

test('what is not what was signed ends it, or is told and left out', async () => {
  await world.grant(owner, friend);
  // One bit of one envelope.
  world.changing((value) => {
    const envelope = value.body?.events[0]?.purchase;
    if (envelope) envelope[envelope.length - 1] = (envelope.at(-1) ?? 0) ^ 1;
  });
  const [broken] = await world.write(owner, 1);
  world.changing(() => undefined);
  const whole = await world.write(owner, 1);
  await expect(consume().next()).rejects.toThrow(ProtocolError);
  const refused: string[] = [];
  const onRefused = (batchId: string, error: ProtocolError) => refused.push(`${batchId.length} ${error.code}`);
  const rest = ids(await everything({ groupId: `${groupId}-b`, onRefused }));
  expect(rest).toEqual(whole);
  expect(rest).not.toContain(broken);
  expect(refused).toEqual(['64 tag']);
});

test('a group of somebody else, or of another log, is refused before it is joined', async () => {
  await world.grant(owner, friend);
  await world.write(owner, 1);
  const foreign = world.it.log.consumer({ group: groupId, topic: 'pinned' });
  void foreign.run(() => new Promise(() => undefined));
  await foreign.keep(new Map([[0, { next: 0, note: '' }]]));
  await expect(consume().next()).rejects.toMatchObject({ code: 'group_foreign' });
  const mine = consume({ groupId: `${groupId}-b` });
  await taken(mine, 1);
  await mine.commit();
  await mine.return();
  world.newLog();
  await expect(consume({ groupId: `${groupId}-b` }).next()).rejects.toMatchObject({ code: 'another_log' });
});
