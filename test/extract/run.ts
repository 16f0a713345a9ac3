import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { createApps } from '../../connectors/postgres/apps.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import {
  type Completeness,
  type Event,
  encodeNdjson,
  type KeyPair,
  keyPairFromSeed,
  signBatch,
  signRequest,
  toHex,
  verifyDisclosure,
  verifyRequest,
} from '../../protocol/index.ts';
import {
  type Account,
  accountFromPhrase,
  deriveAccount,
  type ExtractedEvent,
  extract,
  uuidv7,
} from '../../sdk/js/index.ts';
import { selectorOf } from '../../services/pipeline/rules/removal.ts';
import { allowExport } from '../support/allow-export.ts';
import { bearer } from '../support/call-api.ts';
import { eventually } from '../support/room-process.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';

export interface ExtractOptions {
  readonly events: number;
  readonly wallets: number;
  readonly apps: number;
  readonly say: (line: string) => void;
}

export interface ExtractReport {
  readonly events: number;
  readonly batches: number;
  /** Owners and apps whose events did not come as they were written: none, or which. */
  readonly different: readonly string[];
  readonly perWalletSeconds: number;
  readonly perAppSeconds: number;
  /** Of every owner, from both ways. */
  readonly complete: readonly boolean[];
  /** The wallet of which a batch was deleted in SQL and others were removed: by itself, and by the app. */
  readonly damaged: readonly {
    readonly events: readonly string[];
    readonly completeness: Completeness | undefined;
  }[];
  readonly wanted: {
    readonly events: readonly string[];
    readonly deletedSeq: number;
    readonly removedSeq: number;
    readonly partlySeq: number;
    readonly removals: readonly string[];
  };
}

/** Batches are small, so that each source has several. */
const BATCH = 2;
const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//extract';
const FIRST = Date.UTC(2026, 0, 1);

interface Person {
  readonly account: Account;
  readonly app: KeyPair;
  /** Event ids as they were written. */
  readonly ids: string[];
}

/** Writes events of many wallets and apps, extracts them per wallet and per app, then damages one wallet and looks what is said of it. */
export async function runExtract(it: SuiteSandbox, options: ExtractOptions): Promise<ExtractReport> {
  const { say } = options;
  const { database } = it.stores;
  const { network, api: endpoint } = it.deployment;
  const apps = Array.from({ length: options.apps }, () => keyPairFromSeed('sr25519', new Uint8Array(randomBytes(32))));
  for (const app of apps) await createApps(database).add({ app: app.publicKey, tier: 'free', open: true });
  const root = await accountFromPhrase(PHRASE);
  const accounts = Array.from({ length: options.wallets }, (_, i) =>
    deriveAccount(root, `//${i}-${randomBytes(4).toString('hex')}`),
  );
  const requests = createRequests(database, () => {
    throw new Error('nothing here makes a root');
  });
  const people: Person[] = apps.flatMap((app) => accounts.map((account) => ({ account, app, ids: [] })));
  const each = Math.floor(options.events / people.length);
  await write(people, each, { endpoint, network });
  for (const { account, app } of people)
    await allowExport(requests, toHex(app.publicKey), account, 'sr25519', ['purchase', 'profile'], network);
  const keys = apps.map((app) => Buffer.from(app.publicKey));
  const indexed = () =>
    sql<{ events: number; batches: number }>`
      SELECT coalesce(sum(count), 0)::int AS events, count(*)::int AS batches FROM batches WHERE app = ANY (${keys})`
      .execute(database.kysely)
      .then(({ rows }) => rows[0] ?? { events: 0, batches: 0 });
  const { events, batches } = await eventually('every event is indexed', async () => {
    const now = await indexed();
    return now.events >= people.length * each ? now : null;
  });
  say(`${events} events in ${batches} batches of ${people.length} owners are indexed`);

  const read = async (person: Pick<Person, 'app'> & { readonly account?: Account }, by: 'wallet' | 'app') => {
    const { app, account } = person;
    const keyPair = by === 'app' || !account ? app : account;
    const authorize = () => bearer({ keyPair, app: app.publicKey, by, operations: ['events.read'] });
    const wish = { app: app.publicKey, ...(account ? { wallet: account.publicKey } : {}) };
    const stream = extract({ endpoint, network, authorize }, wish);
    const all: ExtractedEvent[] = [];
    for (;;) {
      const step = await stream.next();
      if (step.done) return { all, completeness: step.value.completeness };
      all.push(step.value);
    }
  };
  const different: string[] = [];
  const complete: boolean[] = [];
  const compare = (name: string, all: readonly ExtractedEvent[], wanted: readonly string[]) => {
    if (all.map(({ id }) => id).join() !== wanted.join()) different.push(name);
  };
  const began = performance.now();
  for (const person of people) {
    const { all, completeness } = await read(person, 'wallet');
    compare(nameOf(person), all, person.ids);
    // What is kept proves itself without anybody.
    for (const { disclosure } of all.slice(0, 1)) verifyDisclosure(disclosure);
    complete.push(...completeness.map((one) => one.complete));
  }
  const perWallet = performance.now();
  say('extracted per wallet');
  for (const app of apps) {
    const { all, completeness } = await read({ app }, 'app');
    const mine = people.filter((person) => person.app === app);
    if (all.length !== mine.reduce((sum, { ids }) => sum + ids.length, 0)) different.push(toHex(app.publicKey));
    const byWallet = new Map<string, ExtractedEvent[]>();
    for (const event of all) byWallet.set(event.wallet, [...(byWallet.get(event.wallet) ?? []), event]);
    for (const person of mine)
      compare(`app ${nameOf(person)}`, byWallet.get(toHex(person.account.publicKey)) ?? [], person.ids);
    complete.push(...completeness.map((one) => one.complete));
  }
  const perApp = performance.now();
  say('extracted per app');

  const [victim] = people as [Person];
  const batchOf = (seq: number) => victim.ids.slice(seq * BATCH, seq * BATCH + BATCH);
  await sql`DELETE FROM batches WHERE app = ${victim.app.publicKey} AND wallet = ${victim.account.publicKey} AND seq = 1`.execute(
    database.kysely,
  );
  const removals = [batchOf(2), batchOf(0).slice(0, 1)];
  const ids: string[] = [];
  for (const selected of removals) {
    const signed = signRequest(
      {
        ...{
          kind: 'remove' as const,
          network,
          app: toHex(victim.app.publicKey),
          wallet: toHex(victim.account.publicKey),
        },
        ...{ id: randomBytes(16).toString('hex'), issuedAt: Date.now(), signer: 'wallet' as const },
        ...{ algorithm: 'sr25519' as const, wrap: 'none' as const, content: { events: selected } },
      },
      victim.account,
    );
    const owner = { app: victim.app.publicKey, wallet: victim.account.publicKey };
    await requests.once(verifyRequest(signed, { network, kind: 'remove' }), async (effects) => ({
      ...(await effects.remove(selectorOf(owner, { events: selected }))),
    }));
    ids.push(signed.id);
  }
  const damaged = [];
  for (const by of ['wallet', 'app'] as const) {
    const { all, completeness } = await read(victim, by);
    damaged.push({ events: all.map(({ id }) => id), completeness: completeness[0] });
  }
  return {
    ...{ events, batches, different, complete, damaged },
    perWalletSeconds: (perWallet - began) / 1_000,
    perAppSeconds: (perApp - perWallet) / 1_000,
    wanted: {
      events: [...batchOf(0).slice(1), ...victim.ids.slice(3 * BATCH)],
      ...{ deletedSeq: 1, removedSeq: 2, partlySeq: 0, removals: ids },
    },
  };
}

const nameOf = ({ account, app }: Person): string => `${toHex(account.publicKey)}/${toHex(app.publicKey)}`;

/** Through the API; times of one owner rise from event to event. */
async function write(
  people: readonly Person[],
  each: number,
  how: { endpoint: string; network: string },
): Promise<void> {
  const queue = [...people];
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let person = queue.pop(); person; person = queue.pop()) await writeOne(person, each, how);
    }),
  );
}

async function writeOne({ account, app, ids }: Person, each: number, how: { endpoint: string; network: string }) {
  const source = randomBytes(16).toString('hex');
  for (let seq = 0; seq * BATCH < each; seq += 1) {
    const count = Math.min(BATCH, each - seq * BATCH);
    const events = Array.from({ length: count }, (_, i) => eventAt(seq * BATCH + i));
    const named = { network: how.network, app: toHex(app.publicKey), wallet: toHex(account.publicKey), source, seq };
    const signing = { signer: 'wallet', algorithm: account.algorithm, wrap: 'none', keyPair: account } as const;
    await post(how.endpoint, encodeNdjson(signBatch({ ...named, ...signing, issuedAt: Date.now(), events })));
    ids.push(...events.map(({ id }) => id));
  }
}

function eventAt(n: number): Event {
  const scope = (data: object) => ({ salt: randomBytes(16).toString('hex'), data: JSON.stringify(data) });
  return {
    id: uuidv7(Date.now(), randomBytes(10)),
    type: n % 2 === 0 ? 'PURCHASE' : 'PAGE_VIEW',
    time: new Date(FIRST + n * 1_000).toISOString(),
    session: `s${n % 3}`,
    scopes: { purchase: scope({ sum: n }), profile: scope({ name: `n${n}` }) },
  };
}

async function post(endpoint: string, body: Uint8Array): Promise<void> {
  await eventually('a batch is taken', async () => {
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${endpoint}/v1/batches`, {
      method: 'POST',
      headers,
      body: body as Uint8Array<ArrayBuffer>,
    });
    const text = await answer.text();
    if (answer.status === 202) return true;
    if (answer.status === 429 || answer.status === 503) return null;
    throw new Error(`${answer.status} ${text}`);
  });
}
