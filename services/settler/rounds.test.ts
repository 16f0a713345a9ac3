import { beforeAll, describe, expect, test } from '@jest/globals';
import { createMemoryChain } from '../../connectors/chain/memory-chain.ts';
import { createMemoryApps } from '../../connectors/postgres/memory-apps.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import { createMemorySettlementStore } from '../../connectors/postgres/memory-settlement-store.ts';
import { ready } from '../../protocol/index.ts';
import { NeverSettles, settlementWorld, type WorldOptions } from '../../test/model/settlement-world.ts';
import { NO_FAULTS } from '../pipeline/faults.ts';
import { planCut } from './round.ts';
import { createRounds, ROUNDS } from './rounds.ts';

const RUNS = 400;
const STEPS = 150;

beforeAll(() => ready());

/** What is wrong at the end of a run; nothing when every (round, app) was charged once and the sums agree. */
async function damage(options: WorldOptions): Promise<string[]> {
  const world = await settlementWorld(options);
  await world.run(STEPS);
  await world.drain();
  const problems: string[] = [];
  const charges = world.charges();
  const keys = charges.map(({ round, app }) => `${round}/${Buffer.from(app).toString('hex')}`);
  if (new Set(keys).size !== keys.length) problems.push('a round was charged twice');
  const paid = charges.reduce((sum, { fee }) => sum + fee, 0n);
  const owed = world.leaves.reduce((sum, { fee }) => sum + fee, 0n);
  if (paid !== owed) problems.push(`charged ${paid}, owed ${owed}`);
  const counted = charges.reduce((sum, { leaves }) => sum + leaves, 0);
  if (counted !== world.leaves.length) problems.push(`${counted} leaves in remarks, ${world.leaves.length} batches`);
  const states = await world.store.isFinal(world.leaves.map(({ batchId }) => batchId));
  if (states.some((state) => state !== 'final')) problems.push('a leaf is not final');
  for (const [name, count] of Object.entries(world.seen)) totals[name] = (totals[name] ?? 0) + count;
  return problems;
}

let totals: Record<string, number> = {};

function unsettled(error: unknown): string[] {
  if (error instanceof NeverSettles) return [error.message];
  throw error;
}

describe('rounds, with crashes, two leaders, lost bytes, reorganisations, expiries, usurpers and empty pots', () => {
  for (const allOrNothing of [true, false]) {
    test(`${RUNS} runs, ${allOrNothing ? 'batchAll' : 'forceBatch'}: everything is charged exactly once`, async () => {
      totals = {};
      for (let seed = 1; seed <= RUNS; seed++) {
        const problems = await damage({ seed, allOrNothing });
        if (problems.length > 0) throw new Error(`seed ${seed}: ${problems.join('; ')}`);
      }
      // The runs are worth something only if all of it happened.
      for (const [name, count] of Object.entries(totals)) expect(`${name} ${count > 0}`).toBe(`${name} true`);
    }, 120_000);
  }

  test('control: without unique leaves and the one-extrinsic rule something is charged twice', async () => {
    let damaged = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const broken = await damage({ seed, unique: false }).catch(unsettled);
      if (broken.length > 0) damaged += 1;
    }
    expect(damaged).toBeGreaterThan(0);
  }, 60_000);
});

test('a settler that is killed more often than a round lasts settles all the same', async () => {
  const chain = createMemoryChain({ balance: 10n ** 9n, allOrNothing: true });
  const store = createMemorySettlementStore(memoryPositions('00'), { unique: true });
  const apps = createMemoryApps();
  const app = new Uint8Array(32).fill(1);
  await apps.add({ app, tier: 'free', open: true });
  let time = 0;
  const leaf = { batchId: app, app, partition: 0, origin: 0, hash: app, count: 1, bytes: 10, fee: 5n, seenAt: time };
  await store.apply(0, { next: 0, mark: -1 }, { next: 1, mark: 0 }, [leaf]);
  for (let start = 0; start < 20; start++) {
    const settler = createRounds(
      {
        store,
        chain,
        apps,
        network: 'cere-sandbox',
        publish: async () => undefined,
        now: () => time,
        faults: NO_FAULTS,
        signals: { emit: () => undefined },
      },
      { ...ROUNDS, everyMs: 600_000 },
    );
    for (let step = 0; step < 5; step++) {
      await settler.tick();
      chain.makeBlock();
      time += 1_000;
    }
  }
  expect(chain.charged().map(({ fee }) => fee)).toEqual([5n]);
});

test('an app that owes is marked and revived, however many charges of others are unpaid before its own', async () => {
  const chain = createMemoryChain({ balance: 0n, allOrNothing: true });
  const store = createMemorySettlementStore(memoryPositions('00'), { unique: true });
  const apps = createMemoryApps();
  const [broke, late] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  for (const app of [broke, late]) await apps.add({ app, tier: 'free', open: true });
  const debts = 901;
  for (let n = 0; n <= debts; n++) {
    const id = new Uint8Array(32);
    new DataView(id.buffer).setUint32(0, n + 1);
    const app = n < debts ? broke : late;
    const leaf = { batchId: id, app, partition: 0, origin: n, hash: id, count: 1, bytes: 10, fee: 5n, seenAt: 0 };
    await store.apply(0, { next: n, mark: n - 1 }, { next: n + 1, mark: n }, [leaf]);
    await store.move(await store.cut(10, (owed) => owed.map((one) => one.app), planCut), 'cut', 'unpaid');
  }
  const edges = { store, chain, apps, network: 'cere-sandbox', publish: async () => undefined, faults: NO_FAULTS };
  let time = 0;
  const settler = createRounds(
    { ...edges, now: () => time, signals: { emit: () => undefined } },
    { ...ROUNDS, everyMs: 600_000 },
  );
  await settler.tick();
  expect((await apps.list()).map(({ unpaid }) => unpaid)).toEqual([true, true]);
  const pot = (await apps.list()).find(({ app }) => app[0] === 2)?.pot ?? -1;
  chain.fund(pot, 100n);
  for (let step = 0; step < 30; step++) {
    chain.makeBlock();
    await settler.tick();
    time += 1_000;
  }
  expect(chain.charged().map((charge) => charge.pot)).toEqual([pot]);
  expect((await apps.list()).map(({ unpaid }) => unpaid)).toEqual([true, false]);
});

test.each([true, false])(
  'a charge that failed in a block that then vanishes is charged once, all or nothing: %s',
  async (allOrNothing) => {
    const chain = createMemoryChain({ balance: 10n, allOrNothing });
    const store = createMemorySettlementStore(memoryPositions('00'), { unique: true });
    const apps = createMemoryApps();
    for (const n of [1, 2]) {
      const app = new Uint8Array(32).fill(n);
      await apps.add({ app });
      const leaf = {
        batchId: app,
        app,
        partition: 0,
        origin: n - 1,
        hash: app,
        count: 1,
        bytes: 1,
        fee: 5n,
        seenAt: 0,
      };
      await store.apply(0, { next: n - 1, mark: n - 2 }, { next: n, mark: n - 1 }, [leaf]);
    }
    let time = 0;
    const edges = { store, chain, apps, network: 'cere-sandbox', publish: async () => undefined, faults: NO_FAULTS };
    const start = () =>
      createRounds({ ...edges, now: () => time, signals: { emit: () => undefined } }, { ...ROUNDS, everyMs: 600_000 });
    const first = start();
    for (let block = 0; block < 3; block++) chain.makeBlock();
    await first.tick();
    // Between the look at the pots and the block, one of them is emptied.
    chain.fund(1, -8n);
    for (let block = 0; block < 3; block++) {
      chain.makeBlock();
      await first.tick();
    }
    expect((await store.lastFinal())?.inclusion?.failed).not.toEqual([]);
    chain.reorganise(3);
    chain.fund(1, 100n);
    const second = start();
    for (let block = 0; block < 40; block++) {
      await second.tick();
      chain.makeBlock();
      time += 1_000;
    }
    expect(
      chain
        .charged()
        .map(({ pot, fee }) => [pot, fee])
        .sort(),
    ).toEqual([
      [0, 5n],
      [1, 5n],
    ]);
  },
);
