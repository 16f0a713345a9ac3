import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { allowExports } from '../../cli/demo/allow.ts';
import {
  type Account,
  accountFromPhrase,
  BatchLost,
  BatchRefused,
  type DdcClient,
  deriveAccount,
} from '../../sdk/js/index.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const SCOPES = ['purchase', 'profile'];

/** One user: what was sent, what is safe, and how the service refused once the user was erased. */
export interface Person {
  readonly account: Account;
  /** Batches that the SDK calls safe. */
  readonly safe: Set<string>;
  /** Batches that were accepted and then fell under the erasure. */
  readonly erased: Set<string>;
  /** Codes of refused batches. */
  readonly refused: Set<string>;
}

/** Fresh wallets that allow the app's exports to read what they write. */
export async function people(client: DdcClient, count: number): Promise<Person[]> {
  const root = await accountFromPhrase(`${PHRASE}//erasure//${randomBytes(6).toString('hex')}`);
  const all = Array.from({ length: count }, (_, i) => deriveAccount(root, `//${i}`));
  await allowExports(
    client,
    all.map((wallet) => ({ wallet, scopes: SCOPES })),
  );
  return all.map((account) => ({ account, safe: new Set(), erased: new Set(), refused: new Set() }));
}

/** Everybody writes an event every `everyMs`, each on its own, until stopped. */
export function keepWriting(client: DdcClient, everybody: readonly Person[], everyMs: number) {
  let running = true;
  let events = 0;
  const failures: string[] = [];
  const writing = everybody.map(async (person, i) => {
    const stream = client.stream(person.account);
    await wait((i / everybody.length) * everyMs);
    const outcomes: Promise<void>[] = [];
    for (let n = 0; running; n += 1) {
      events += 1;
      const scopes = { purchase: { n, by: i }, profile: { customer: `person ${i}` } };
      outcomes.push(judge(person, stream.record({ type: 'PURCHASE', scopes }), failures));
      stream.flush();
      await wait(everyMs);
    }
    await Promise.all(outcomes);
  });
  return {
    failures,
    get events() {
      return events;
    },
    /** Resolves when every event is safe, lost to the erasure, or refused. */
    async stop(): Promise<void> {
      running = false;
      await Promise.all(writing);
    },
  };
}

async function judge(person: Person, recorded: Promise<string>, failures: string[]): Promise<void> {
  try {
    person.safe.add(await recorded);
  } catch (error) {
    if (error instanceof BatchLost && error.outcome === 'erased') person.erased.add(error.batchId);
    else if (error instanceof BatchRefused) person.refused.add(error.code);
    else failures.push(String(error));
  }
}
