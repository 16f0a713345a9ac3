import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { encryptionKeyPairFromSeed, fromHex, toHex } from '../../protocol/index.ts';
import { type Account, accountFromPhrase, Ddc, DdcClient, deriveAccount } from '../../sdk/js/index.ts';
import { nodeArguments } from '../../stack/built.ts';
import type { ConsumingChild } from '../support/consuming-child.ts';
import { eventually } from '../support/room-process.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

const PHRASE = `bottom drive obey lake curtain smoke basket hold race lonely fit walk//consume-${randomBytes(6).toString('hex')}`;
const PAIR = toHex(new Uint8Array(randomBytes(32)));
const HOUR = 3_600_000;

let it: SuiteSandbox;
let client: DdcClient;
let friend: Ddc;
let owners: Account[];
let silent: Account;
beforeAll(async () => {
  it = await suiteSandbox('consume', { rooms: ['api', 'encryptor', 'pinner', 'indexer'] });
  const { api: endpoint, network } = it.deployment;
  client = new DdcClient({ endpoint, network, app: it.app, maxEvents: 7, maxDelayMs: 20 });
  const root = await accountFromPhrase(PHRASE);
  owners = [0, 1, 2, 3].map((n) => deriveAccount(root, `//owner-${n}`));
  silent = deriveAccount(root, '//silent');
  const pair = encryptionKeyPairFromSeed(fromHex(PAIR, 32));
  friend = await Ddc.connect({ url: endpoint, app: it.app, account: root, pair });
  await friend.certify(new Date(Date.now() + HOUR));
}, 180_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await friend?.close();
  client?.close();
  await it?.close();
});

interface Given {
  readonly id: string;
  readonly wallet: string;
  readonly partition: number;
  readonly origin: number;
  readonly index: number;
  readonly scopes: Readonly<Record<string, string>>;
}

const children = new Set<ChildProcess>();

/** A member of the group, and what it has been given. */
function startMember(groupId: string, commitEvery?: number) {
  const { api: url, kafkaBrokers: brokers, schemaRegistryUrl: schemaRegistry, topicPrefix: prefix } = it.deployment;
  const told: ConsumingChild = {
    ...{ url, brokers, schemaRegistry, prefix, groupId, app: toHex(it.app), phrase: PHRASE, pair: PAIR },
    ...(commitEvery === undefined ? {} : { commitEvery }),
  };
  const child = spawn(process.execPath, [...nodeArguments('test/support/consuming-child.ts'), JSON.stringify(told)], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const given: Given[] = [];
  let committed = 0;
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const one = JSON.parse(line) as Given & { readonly committed?: number };
    if (one.committed === undefined) given.push(one);
    else committed = one.committed;
  });
  const closed = once(child, 'close').then(([code]) => {
    children.delete(child);
    return code as number | null;
  });
  return {
    given,
    get committed() {
      return committed;
    },
    said: () => said,
    async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
      child.kill(signal);
      return closed;
    },
  };
}
type Member = ReturnType<typeof startMember>;

/** Waits until the members together were given so many different events. */
const given = (members: readonly Member[], count: number) =>
  eventually(
    () =>
      `${count} events were given: ${members.map((one) => one.given.length).join(' + ')} ${members.map((one) => one.said().slice(-500)).join('\n')}`,
    async () => (distinct(members).length >= count ? true : null),
    120_000,
  );
const distinct = (members: readonly Member[]) => [...new Set(members.flatMap((one) => one.given.map(({ id }) => id)))];

/** Records events, and waits until they are indexed. */
async function write(account: Account, count: number): Promise<string[]> {
  const stream = client.stream(account, { purchase: ['n'] });
  const placed = Array.from({ length: count }, (_, n) => stream.put({ type: 'STEP', data: { n, name: 'secret' } }));
  client.flush();
  await Promise.all(placed.map(({ safe }) => safe));
  return placed.map(({ eventId }) => eventId);
}

/** What a member was given that another one before it was given, too: by partition, the place of the first and how many. */
function repeated(before: Member, after: Member) {
  const again = new Set(after.given.map(({ id }) => id));
  const partitions = new Set(before.given.map(({ partition }) => partition));
  return [...partitions].map((partition) => {
    const its = before.given.filter((one) => one.partition === partition);
    const first = its.findIndex(({ id }) => again.has(id));
    return {
      its: its.length,
      first: first < 0 ? its.length : first,
      again: its.filter(({ id }) => again.has(id)).length,
    };
  });
}

test('a consumer that is killed in the middle loses nothing: what it had not committed comes again, and nothing else', async () => {
  for (const owner of owners) {
    const requests = client.requests(owner);
    const recipient = encryptionKeyPairFromSeed(fromHex(PAIR, 32)).publicKey;
    await requests.grant({ scope: 'purchase', fromEpoch: 0, recipient, expiresAt: Date.now() + HOUR });
  }
  const written = (await Promise.all(owners.map((owner) => write(owner, 60)))).flat();
  await write(silent, 5);

  // What was committed is known to the byte: every 25 events.
  const first = startMember('explicit', 25);
  await eventually(
    () => `it has committed, and goes on: ${first.committed} of ${first.given.length}; ${first.said().slice(-500)}`,
    async () => (first.committed >= 50 && first.given.length > first.committed ? true : null),
  );
  await first.end('SIGKILL');
  // Behind everything in its partition: who was given the last ones was given all that comes again, also where the first had got to the end.
  const last = (await Promise.all(owners.map((owner) => write(owner, 1)))).flat();
  const all = [...written, ...last];
  const second = startMember('explicit', 25);
  await eventually(
    () => `the last ones have come: ${second.given.length}; ${second.said().slice(-500)}`,
    async () => (last.every((id) => distinct([second]).includes(id)) ? true : null),
  );
  expect(distinct([first, second]).sort()).toEqual([...all].sort());
  expect(new Set(second.given.map(({ id }) => id)).size).toBe(second.given.length);
  for (const { its, first: from, again } of repeated(first, second)) expect(again).toBe(its - from);
  // What was given since the last commit, to the event; a commit may have reached Kafka and not been told any more.
  const twice = first.given.length + second.given.length - all.length;
  const since = first.given.length - first.committed;
  expect([since, since - 25]).toContain(twice);
  for (const { scopes, wallet } of [...first.given, ...second.given]) {
    expect(Object.keys(scopes)).toEqual(['purchase']);
    expect(wallet).not.toBe(toHex(silent.publicKey));
  }
  // One that ends in peace has told the group everything, and the one after it gets what is new.
  expect(await second.end('SIGTERM')).toBe(0);

  // Two members share the partitions, one is killed, and what is written meanwhile comes as well.
  const members = [startMember('next'), startMember('next')] as const;
  await given(members, all.length);
  const more = (await Promise.all(owners.map((owner) => write(owner, 19)))).flat();
  await members[0].end('SIGKILL');
  // Behind everything in its partition: who was given these has taken over all of them, and with its end nothing is left to come again.
  const late = (await Promise.all(owners.map((owner) => write(owner, 1)))).flat();
  await eventually(
    () => `the other one has taken over: ${members[1].given.length}; ${members[1].said().slice(-500)}`,
    async () => (late.every((id) => distinct([members[1]]).includes(id)) ? true : null),
    120_000,
  );
  expect(distinct(members).sort()).toEqual([...all, ...more, ...late].sort());
  expect(await members[1].end('SIGTERM')).toBe(0);

  // Removed and erased while nobody reads: it is left out when somebody does.
  const [mine, theirs] = owners as [Account, Account];
  const kept = await write(mine, 5);
  const gone = await write(theirs, 5);
  await client.requests(mine).remove({ events: [kept[2] as string] });
  await client.requests(theirs).erase();
  const [third] = await write(owners[2] as Account, 1);
  const afterwards = startMember('next');
  await given([afterwards], 5);
  await afterwards.end('SIGTERM');
  expect(distinct([afterwards]).sort()).toEqual([...kept.filter((_, n) => n !== 2), third].sort());
  expect(distinct([afterwards])).not.toEqual(expect.arrayContaining(gone));

  // A new group reads the whole log: of who was erased nothing opens any more.
  const fresh = startMember('fresh');
  const erased = toHex(theirs.publicKey);
  await given([fresh], 3 * 81 + 5);
  await fresh.end('SIGTERM');
  expect(fresh.given.filter(({ wallet }) => wallet === erased)).toEqual([]);
  expect(fresh.given).toHaveLength(3 * 81 + 5);
}, 400_000);

test('a stream over HTTP goes on over a killed API, and another process goes on from its place', async () => {
  const owner = owners[3] as Account;
  const ending = new AbortController();
  const wallet = owner.publicKey;
  const seen: string[] = [];
  let place: string | undefined;
  const onPlace = (now: string) => {
    place = now;
  };
  const following = (async () => {
    const filter = { wallet, scopes: ['purchase'], start: 'beginning' as const, signal: ending.signal, onPlace };
    for await (const { id } of friend.stream(filter)) seen.push(id);
  })();
  await eventually('what was there has come', async () => (seen.length >= 81 ? true : null));
  const before = await write(owner, 7);
  await eventually('what is new has come', async () => (seen.length >= 88 ? true : null));
  expect(it.sandbox.rooms.kill('api')).toBe(true);
  const after = await write(owner, 7);
  await eventually('what was written behind the restart has come', async () => (seen.length >= 95 ? true : null));
  ending.abort();
  await following;
  expect(new Set(seen).size).toBe(95);
  expect(seen.slice(81)).toEqual([...before, ...after]);

  const [next] = await write(owner, 1);
  const again: string[] = [];
  for await (const { id } of friend.stream({ wallet, scopes: ['purchase'], ...(place && { after: place }) })) {
    again.push(id);
    if (id === next) break;
  }
  // Whole pieces come again at most, and nothing is missing.
  expect(again).toEqual([...seen, next].slice(-again.length));
}, 240_000);
