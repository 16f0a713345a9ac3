import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fromHex, toHex, verifyReceipt } from '../../protocol/index.ts';
import { DdcClient, type RemovalState } from '../../sdk/js/index.ts';
import type { FaultPoint } from '../../services/pipeline/faults.ts';
import { searchMemory } from '../support/process-memory.ts';
import { eventually } from '../support/room-process.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';
import { keysOf } from './keys-of.ts';
import { keepWriting, type Person, people } from './people.ts';
import { rewind } from './rewind.ts';
import { type Verdict, verdict } from './verdict.ts';

export const STEPS: readonly FaultPoint[] = [
  'after-erase-commit',
  'after-fence',
  'after-removal-sent',
  'before-receipt',
  'after-receipt',
];
/** Rooms that hold keys of users while they work. */
const KEY_ROOMS = ['api', 'encryptor', 'exporter'] as const;
/** Caches end after 5 s, their timers look every 1.25 s. */
const FORGOTTEN_MS = 8_000;

export interface ErasureOptions {
  readonly people: number;
  readonly erased: number;
  /** An event of each person so often. */
  readonly everyMs: number;
  /** The API is killed at these, one each, during the first erasures. */
  readonly steps: readonly FaultPoint[];
  readonly say: (line: string) => void;
}

export interface ErasureReport {
  readonly events: number;
  readonly erased: number;
  readonly kills: number;
  readonly receipts: number;
  readonly refusals: readonly string[];
  readonly failures: readonly string[];
  /** Secrets of the people to be erased that the same search found while they wrote: it is able to find. */
  readonly heldBefore: number;
  /** Secrets of the erased in the memory of rooms: `room: what`. */
  readonly inMemory: readonly string[];
  readonly live: Verdict;
  readonly replayed: Verdict;
  /** The same replay without the table of removals: what comes back. */
  readonly control: Verdict;
}

/** Erases some of many who write all the while, kills the API at each step, and looks everywhere for what is left of the erased. */
export async function runErasure(it: SuiteSandbox, options: ErasureOptions): Promise<ErasureReport> {
  const { deployment, app } = it;
  const { say } = options;
  const { network, api: endpoint } = deployment;
  const client = new DdcClient({
    endpoint,
    network,
    app,
    concurrency: 64,
    backoff: { firstMs: 1_000, longestMs: 5_000 },
  });
  try {
    const everybody = await people(client, options.people);
    say(`${everybody.length} people have allowed the export`);
    const flow = keepWriting(client, everybody, options.everyMs);
    const step = Math.floor(everybody.length / options.erased);
    const victims = everybody.filter((_, i) => i % step === 0).slice(0, options.erased);
    await eventually(
      'everyone to be erased has written',
      async () => victims.every((one) => one.safe.size > 0) || null,
    );
    const secrets = new Map<string, Uint8Array>();
    for (const [i, one] of victims.entries())
      for (const [name, key] of await keysOf(it.stores, app, one)) secrets.set(`${i}/${name}`, key);

    // Few, so that it is quick: the search holds up this process, and with it everybody's writing.
    const some = new Map([...secrets].slice(0, 10));
    const heldBefore = (await inMemoryOf(it, some)).length;
    const erasures: { person: Person; id: string }[] = [];
    let kills = 0;
    for (const [i, person] of victims.entries()) {
      const point = options.steps[i];
      if (point) {
        await killAt(it, point, async () => {
          erasures.push({ person, id: (await client.requests(person.account).erase()).id });
        });
        kills += 1;
        say(`killed ${point}`);
      } else erasures.push({ person, id: (await client.requests(person.account).erase()).id });
    }
    say(`${erasures.length} erasures accepted`);
    const states: RemovalState[] = [];
    for (const { person, id } of erasures) {
      const requests = client.requests(person.account);
      states.push(
        await eventually(`receipt of ${id}`, async () => {
          const state = await requests.removal(id);
          return state.state === 'done' ? state : null;
        }),
      );
    }
    say('every erasure has its receipt');
    await checkReceipts(it, erasures, states);

    await wait(FORGOTTEN_MS);
    const firstLook = await inMemoryOf(it, secrets);
    say(`${firstLook.length} secrets in memory at the first look`);
    const inMemory = firstLook.length === 0 ? [] : await lastInMemory(it, secrets);
    await flow.stop();
    say(`${flow.events} events written`);
    const gone = new Set(victims);
    const live = await settled(it, everybody, gone);
    await rewind(it, true);
    const replayed = await settled(it, everybody, gone);
    say('replayed received and pinned from 0');
    await it.stores.database.kysely.deleteFrom('removals').execute();
    await rewind(it, false);
    const control = await settled(it, everybody, gone);
    return {
      events: flow.events,
      erased: victims.length,
      kills,
      receipts: states.length,
      refusals: [...new Set(victims.flatMap((one) => [...one.refused]))],
      failures: [
        ...flow.failures,
        ...everybody.filter((one) => !gone.has(one)).flatMap((one) => [...one.refused, ...one.erased]),
      ],
      heldBefore,
      inMemory,
      live,
      replayed,
      control,
    };
  } finally {
    client.close();
  }
}

async function inMemoryOf({ sandbox }: SuiteSandbox, secrets: ReadonlyMap<string, Uint8Array>): Promise<string[]> {
  const found: string[] = [];
  for (const room of KEY_ROOMS) {
    const pid = sandbox.rooms.pid(room);
    if (pid === null) throw new Error(`${room} is down`);
    for (const name of searchMemory(pid, secrets)) found.push(`${room}: ${name}`);
  }
  return found;
}

/** The engine's own heap gives up copies only as it reuses their places: looks again until nothing is found, or for 40 s. */
async function lastInMemory(it: SuiteSandbox, secrets: ReadonlyMap<string, Uint8Array>): Promise<string[]> {
  let found: string[] = [];
  for (const until = Date.now() + 40_000; Date.now() < until; ) {
    found = await inMemoryOf(it, secrets);
    if (found.length === 0) return found;
    await wait(2_000);
  }
  return found;
}

/** Starts the API with that fault, does `act`, waits for the end, and starts it without. */
async function killAt({ sandbox }: SuiteSandbox, point: FaultPoint, act: () => Promise<void>): Promise<void> {
  const { rooms } = sandbox;
  await rooms.start('api', { DDC_FAULTS: JSON.stringify({ killAt: point }) });
  await rooms.ready('api');
  const died = once(rooms, 'exit').then(() => rooms.start('api'));
  await Promise.all([act(), died]);
  await rooms.ready('api');
}

async function checkReceipts(
  it: SuiteSandbox,
  erasures: readonly { person: Person }[],
  states: readonly RemovalState[],
): Promise<void> {
  const { network, api } = it.deployment;
  const { key } = (await (await fetch(`${api}/v1/receipt-key`)).json()) as { key: string };
  for (const [i, { receipts }] of states.entries()) {
    const stated = verifyReceipt(receipts[0], { network, key: fromHex(key, 32) });
    const wallet = erasures[i]?.person.account.publicKey as Uint8Array;
    if (stated.kind !== 'erasure' || toHex(stated.wallet as Uint8Array) !== toHex(wallet))
      throw new Error('a receipt states something else');
  }
}

/** What is left, once nothing of the others is missing any more, or after a minute. */
async function settled(it: SuiteSandbox, everybody: readonly Person[], gone: ReadonlySet<Person>): Promise<Verdict> {
  let last = await verdict(it, everybody, gone);
  for (const until = Date.now() + 60_000; last.missing.length > 0 && Date.now() < until; ) {
    await wait(1_000);
    last = await verdict(it, everybody, gone);
  }
  return last;
}
