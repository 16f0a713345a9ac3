import { type Account, DdcClient } from '../../sdk/js/index.ts';
import { allowExports } from './allow.ts';
import type { Cast } from './cast.ts';
import type { DemoEvent } from './interactions.ts';

/** What one run sent, as the client knows it. */
export interface Sending {
  /** Batch id → its customer and number of events, for every batch with a 202. */
  readonly batches: Map<string, { readonly customer: string; readonly events: number }>;
  /** Batches sent more than once. */
  resent(): number;
  /** Resolves when every batch is indexed; rejects at the first that never will be (`BatchRefused`, `BatchLost`). */
  readonly safe: Promise<void>;
  /** The same for the batches of one customer. */
  safeOf(customer: string): Promise<void>;
  close(): void;
}

/** Sends events through the SDK as an application would: one wallet per customer, batches in the order of the file. */
export function send(events: readonly DemoEvent[], cast: Cast, target: { endpoint: string; network: string }): Sending {
  const client = new DdcClient({ ...target, app: cast.app.publicKey, concurrency: 32 });
  const batches: Sending['batches'] = new Map();
  const customers = [...groupBy(events, (event) => event.customer)].map(([customer, own]) => {
    const wallet = cast.wallet(customer);
    return {
      customer,
      own,
      wallet,
      allowed: turn(),
      scopes: [...new Set(own.flatMap((event) => Object.keys(event.scopes)))],
    };
  });
  const recorded = new Map(
    customers.map(({ customer, own, wallet, allowed }) => [
      customer,
      allowed.promise.then(() => record(customer, own, wallet)),
    ]),
  );

  function record(customer: string, own: readonly DemoEvent[], wallet: Account): Promise<unknown> {
    const stream = client.stream(
      wallet,
      {},
      {
        onAccepted: ({ batchId, events }) => batches.set(batchId, { customer, events }),
      },
    );
    const records = own.map(({ type, time, session, scopes }) => stream.record({ type, time, session, scopes }));
    stream.flush();
    return Promise.all(records);
  }

  const byWallet = new Map(customers.map((one) => [one.wallet, one.allowed]));
  allowExports(client, customers, (wallet) => byWallet.get(wallet)?.resolve()).catch((error: unknown) => {
    for (const { allowed } of customers) allowed.reject(error);
  });
  const safe = Promise.all(recorded.values()).then(() => undefined);
  return {
    batches,
    resent: () => client.counts.resent,
    safe,
    safeOf: async (customer) => void (await recorded.get(customer)),
    close: () => client.close(),
  };
}

/** A promise that is settled from outside. */
function turn() {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
