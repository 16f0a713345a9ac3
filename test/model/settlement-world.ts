import { createMemoryChain } from '../../connectors/chain/memory-chain.ts';
import { createMemoryApps } from '../../connectors/postgres/memory-apps.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import { createMemorySettlementStore } from '../../connectors/postgres/memory-settlement-store.ts';
import { parseRemark } from '../../protocol/index.ts';
import { RetriableError } from '../../services/pipeline/errors.ts';
import { FINAL_DEPTH } from '../../services/pipeline/ports/chain.ts';
import type { Leaf } from '../../services/pipeline/ports/settlement-store.ts';
import { createRounds, type Rounds } from '../../services/settler/rounds.ts';

/** A process that was killed between two steps. */
class Crash extends Error {}
/** What a run may come to without its protections; anything else that is thrown is a bug of the test. */
export class NeverSettles extends Error {}

export interface WorldOptions {
  readonly seed: number;
  /** Off: a replayed leaf is a new leaf, and nothing stops a second extrinsic. */
  readonly unique?: boolean;
  readonly allOrNothing?: boolean;
}

/** Deterministic randomness (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const APPS = 5;
const appOf = (index: number) => new Uint8Array(32).fill(index + 1);
const POT = 900n;

/** Settlers, a chain and everything that goes wrong between them, driven by a seed. */
export async function settlementWorld({ seed, unique = true, allOrNothing = true }: WorldOptions) {
  const random = randomOf(seed);
  const dice = (n: number) => Math.floor(random() * n);
  const chain = createMemoryChain({ balance: POT, allOrNothing });
  const positions = memoryPositions('00');
  const store = createMemorySettlementStore(positions, { unique });
  const apps = createMemoryApps();
  for (let index = 0; index < APPS; index++) await apps.add({ app: appOf(index), tier: 'free', open: true });
  const leaves: Leaf[] = [];
  let time = 0;
  let crashing = false;
  let tallest = 0;
  let height = 0;
  const seen = { crashes: 0, reorganisations: 0, usurped: 0, expired: 0, lost: 0, unpaid: 0, failed: 0, vanished: 0 };

  /** The process may die before or after any call that leaves it. */
  function fragile<T extends object>(port: T): T {
    const die = () => {
      if (!crashing || random() > 0.03) return;
      seen.crashes += 1;
      throw new Crash('killed');
    };
    return new Proxy(port, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          die();
          const result: unknown = await value.apply(target, args);
          die();
          return result;
        };
      },
    });
  }

  const settler = (): Rounds =>
    createRounds(
      {
        store: fragile(store),
        chain: fragile(chain),
        apps: fragile(apps),
        network: 'cere-sandbox',
        publish: async () => undefined,
        now: () => time,
        faults: { reach: () => undefined, lieEvery: null },
        signals: {
          emit: (name) => {
            if (name in seen) seen[name as keyof typeof seen] += 1;
          },
        },
      },
      { everyMs: 10_000, maxLeaves: 50_000, minimum: 0n, reviveMs: 5_000 },
    );
  // Two instances that both believe to lead: the lock is a convenience, not the protection.
  const settlers = [settler(), settler()];

  async function tick(which: number): Promise<void> {
    try {
      await (settlers[which] as Rounds).tick();
    } catch (error) {
      if (error instanceof Crash) settlers[which] = settler();
      else if (!(error instanceof RetriableError)) throw error;
    }
  }

  function makeBlock(): void {
    height = chain.makeBlock().number;
    tallest = Math.max(tallest, height);
  }

  async function read(leaf: Leaf): Promise<void> {
    const at = await positions.load('settler', 0);
    await store.apply(0, at, { next: at.next + 1, mark: leaf.origin }, [leaf]);
  }

  async function addLeaf(): Promise<void> {
    const origin = leaves.length;
    const batchId = new Uint8Array(32);
    new DataView(batchId.buffer).setUint32(0, origin + 1);
    const fee = BigInt(1 + dice(400));
    const app = appOf(dice(APPS));
    const leaf = {
      batchId,
      app,
      partition: 0,
      origin,
      hash: batchId,
      count: 1 + dice(9),
      bytes: 10,
      fee,
      seenAt: time,
    };
    leaves.push(leaf);
    await read(leaf);
  }

  const actions: (() => Promise<void> | void)[] = [
    addLeaf,
    addLeaf,
    () => tick(0),
    () => tick(0),
    () => tick(0),
    () => tick(1),
    async () => void (await Promise.all([tick(0), tick(1)])),
    makeBlock,
    makeBlock,
    makeBlock,
    () => {
      time += dice(8_000);
    },
    () => chain.failNext(dice(2) === 0 ? 'before' : 'after'),
    () => {
      if (dice(4) !== 0) return;
      seen.lost += 1;
      chain.loseWaiting();
    },
    () => {
      // Never deeper than what we call final, also not in several steps.
      const depth = Math.min(1 + dice(FINAL_DEPTH), FINAL_DEPTH - (tallest - height), height);
      if (dice(3) !== 0 || depth <= 0) return;
      seen.reorganisations += 1;
      chain.reorganise(depth);
      height -= depth;
    },
    () => {
      if (dice(12) === 0) chain.usurp();
    },
    () => {
      if (dice(6) === 0) chain.fund(dice(APPS), 1_000n);
    },
    () => {
      // Between the look at the pot and the block: a charge fails on the chain.
      if (dice(4) === 0) chain.fund(dice(APPS), -600n);
    },
    async () => {
      // Read again from the start, as after the positions were dropped.
      if (dice(10) === 0) for (const leaf of leaves) await read(leaf);
    },
  ];

  return {
    seen,
    leaves,
    store,
    chain,
    async run(steps: number): Promise<void> {
      crashing = true;
      for (let step = 0; step < steps; step++) await (actions[dice(actions.length)] as () => Promise<void> | void)();
      crashing = false;
      chain.failNext(null);
    },
    /** All faults off, pots filled: everything that is owed gets charged. */
    async drain(): Promise<void> {
      for (let pot = 0; pot < APPS; pot++) chain.fund(pot, 10n ** 9n);
      for (let round = 0; round < 400; round++) {
        time += 5_000;
        await tick(0);
        makeBlock();
        const open = await Promise.all(
          (['cut', 'signed', 'sent', 'unpaid'] as const).map((state) => store.rounds(state, 1)),
        );
        if ((await store.uncut()) === 0 && open.flat().length === 0 && (await store.unresolved()) === null) return;
      }
      throw new NeverSettles('not everything was settled in the end');
    },
    charges() {
      return chain.charged().map(({ fee, remark }) => ({ ...parseRemark(remark), fee }));
    },
  };
}
