import { setTimeout as wait } from 'node:timers/promises';
import { allowExports } from '../../cli/demo/allow.ts';
import { toHex } from '../../protocol/index.ts';
import { type Account, accountFromPhrase, BatchLost, DdcClient, deriveAccount } from '../../sdk/js/index.ts';
import { Chances } from '../model/random.ts';
import type { World } from './world.ts';

export interface FlowOptions {
  readonly label: string;
  readonly seed: number;
  readonly events: number;
  /** Over so many seconds, at a steady rate; fewer events when it is stopped earlier. */
  readonly seconds: number;
}

/** A 202 as it was answered. */
export interface Acknowledgement {
  readonly batchId: string;
  readonly partition: number;
  readonly offset: number;
}

/** A request that has no answer yet. */
interface OpenRequest {
  failed: boolean;
  readonly ended: Promise<void>;
}

const BATCH = 10;
/** A wallet's batches go out one after the other: enough of them, so that the rate holds while some wait. */
const WALLETS = 64;
const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';

/** One application that sends events through the SDK, and remembers what it was promised. */
export class Flow {
  readonly options: FlowOptions;
  /** Batch id → its events, for every batch with a 202. */
  readonly batches = new Map<string, number>();
  readonly acknowledgements: Acknowledgement[] = [];
  /** Batches that the service reported as dead or erased. */
  readonly reported = new Set<string>();
  /** Numbers of the events that the SDK calls safe. */
  readonly safe = new Set<number>();
  /** Anything else that the SDK told the application. */
  readonly failures: string[] = [];
  readonly open = new Set<OpenRequest>();
  /** All events were handed to the SDK. */
  sent = false;
  /** Every event is safe or reported. */
  done = false;
  resent = 0;
  /** Events handed to the SDK so far. */
  given = 0;
  #stopped = false;
  readonly #world: World;

  constructor(world: World, options: FlowOptions) {
    this.#world = world;
    this.options = options;
  }

  /** Resolves when every event is safe or reported. */
  async run(): Promise<void> {
    const { events, seconds, seed, label } = this.options;
    const chances = new Chances(seed);
    const { api, network } = this.#world.deployment;
    const client = new DdcClient({
      endpoint: api,
      network,
      app: this.#world.app.publicKey,
      maxEvents: BATCH,
      concurrency: 32,
      timeoutMs: 10_000,
      backoff: { firstMs: 2_000, longestMs: 8_000 },
      fetch: this.#watch,
    });
    const onAccepted = (batch: { batchId: string; events: number }) => this.batches.set(batch.batchId, batch.events);
    const owners = await wallets();
    const scopes = ['purchase', 'profile'];
    await allowExports(
      client,
      owners.map((wallet) => ({ wallet, scopes })),
    );
    const streams = owners.map((wallet) => client.stream(wallet, {}, { onAccepted }));
    const outcomes: Promise<void>[] = [];
    const started = performance.now();
    for (let n = 0; n < events; n += BATCH) {
      const due = started + (n / events) * seconds * 1000;
      if (due > performance.now()) await wait(due - performance.now());
      if (this.#stopped) break;
      const stream = chances.pick(streams);
      for (let k = n; k < Math.min(n + BATCH, events); k++) {
        this.given += 1;
        const scopes = { purchase: { flow: label, n: k }, profile: { customer: toHex(stream.account.publicKey) } };
        outcomes.push(this.#judge(k, stream.record({ type: 'PURCHASE', scopes })));
      }
    }
    client.flush();
    this.sent = true;
    await Promise.all(outcomes);
    this.resent = client.counts.resent;
    client.close();
    this.done = true;
  }

  /** Sends no more; what was given is still brought to its end. */
  stop(): void {
    this.#stopped = true;
  }

  #judge(n: number, recorded: Promise<string>): Promise<void> {
    return recorded.then(
      () => void this.safe.add(n),
      (error: unknown) => {
        if (error instanceof BatchLost) this.reported.add(error.batchId);
        else this.failures.push(`event ${n}: ${String(error)}`);
      },
    );
  }

  /** Sees every request on its way out, and every 202 on its way in. */
  #watch: typeof fetch = async (input, init) => {
    if (!String(input).endsWith('/v1/batches')) return fetch(input, init);
    let end = (): void => undefined;
    const request: OpenRequest = {
      failed: false,
      ended: new Promise((resolve) => {
        end = resolve;
      }),
    };
    this.open.add(request);
    try {
      const answer = await fetch(input, init);
      if (answer.status === 202) this.acknowledgements.push((await answer.clone().json()) as Acknowledgement);
      return answer;
    } catch (error) {
      request.failed = true;
      throw error;
    } finally {
      this.open.delete(request);
      end();
    }
  };
}

let known: Promise<Account[]> | null = null;

function wallets(): Promise<Account[]> {
  known ??= accountFromPhrase(`${PHRASE}//faults`).then((root) =>
    Array.from({ length: WALLETS }, (_, i) => deriveAccount(root, `//${i}`)),
  );
  return known;
}
