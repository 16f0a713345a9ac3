import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createMemoryRemovedEvents } from '../../connectors/vault/memory-removed-events.ts';
import { fromHex, ready } from '../../protocol/index.ts';
import { batchMaker, type MadeBatch, SCOPES, testVault } from '../../test/support/pinned-batches.ts';
import type { Erasure } from '../pipeline/ports/erasures.ts';
import { START } from '../pipeline/ports/positions.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { type DeliveryEdges, deliver } from './deliver.ts';
import { ErasedOwners } from './erased-owners.ts';
import { untypedRows } from './events-table.ts';
import { fetchKeys } from './keys.ts';

beforeAll(ready);

let vault: ReturnType<typeof testVault>;
let maker: ReturnType<typeof batchMaker>;
let erased: ErasedOwners;
/** What is stored of the wallet's erasure, and how often that was asked for. */
let stored: Erasure[];
let asked: number;
/** Origins that the sink was given, a list for each delivery. */
let puts: number[][];
let made: MadeBatch[];
let erasure: Erasure;
/** Happens while a delivery is under way. */
let meanwhile: () => void;

beforeEach(async () => {
  vault = testVault();
  maker = batchMaker(vault, vault.requests);
  const [wallet, other] = [maker.newWallet(), maker.newWallet()];
  made = [await maker.make(wallet, 1), await maker.make(other, 1), await maker.make(wallet, 1)];
  // As if it had been signed before all of these, under another root.
  erasure = { app: fromHex(maker.app, 32), wallet: wallet.publicKey, issuedAt: 1, fence: null, rootVersions: [99] };
  [erased, stored, asked, puts, meanwhile] = [new ErasedOwners(), [], 0, [], () => undefined];
});

function run(batches: readonly MadeBatch[], more: Partial<DeliveryEdges> = {}) {
  const sink: Pick<Sink, 'put'> = {
    async put(rows) {
      puts.push(rows.map(({ origin }) => origin));
      return true;
    },
  };
  const one = deliver({
    plan: { name: 'test', app: maker.app, scopes: SCOPES },
    sink: sink as Sink,
    vault,
    erased,
    erasures: {
      of: async (owners) => {
        asked += 1;
        expect(owners.map(({ wallet }) => wallet)).toContainEqual(erasure.wallet);
        return stored.map((found) => ({ ...found, id: new Uint8Array(16) }));
      },
    },
    rowMakers: {
      for: async () => {
        meanwhile();
        return untypedRows(SCOPES);
      },
    },
    removedEvents: createMemoryRemovedEvents(vault.tables),
    breathe: async () => undefined,
    count: () => undefined,
    ...more,
  });
  const to = { next: batches.length, mark: batches.length - 1 };
  return one(
    0,
    START,
    to,
    batches.map(({ pinned }, origin) => ({ origin, value: pinned })),
  );
}

test('what a wallet has written since it was re-opened is delivered, also by whom the fence of its erasure has not reached', async () => {
  erased.learn([erasure]);
  stored = [{ ...erasure, fence: 2 }];
  expect(await run(made)).toBe(true);
  expect(puts).toEqual([[1, 2]]);
  await run(made);
  expect(asked).toBe(1);
});

test('while no fence is stored nothing that may lie behind it is left out or delivered, and the position stays', async () => {
  erased.learn([erasure]);
  stored = [erasure];
  for (let n = 0; n < 2; n += 1)
    await expect(run(made)).rejects.toMatchObject({ retriable: true, code: 'erasure_open' });
  expect([puts, asked]).toEqual([[], 2]);
  stored = [{ ...erasure, fence: 3 }];
  expect(await run(made)).toBe(true);
  expect(puts).toEqual([[1]]);
});

test('what an erasure certainly reaches is left out without a fence', async () => {
  erased.learn([{ ...erasure, rootVersions: [1] }]);
  expect(await run(made)).toBe(true);
  expect([puts, asked]).toEqual([[[1]], 0]);
});

test('an erasure that is learned of while a delivery is under way is judged in the same way', async () => {
  meanwhile = () => erased.learn([erasure]);
  await expect(run(made)).rejects.toMatchObject({ code: 'erasure_open' });
  expect(puts).toEqual([]);
  stored = [{ ...erasure, fence: 1 }];
  expect(await run(made)).toBe(true);
  expect(puts).toEqual([[1, 2]]);
});

test('keys lie in memory for as many batches as it is told, and are forgotten before the next are fetched', async () => {
  const held: number[][] = [];
  let open = 0;
  const keysOf: DeliveryEdges['keysOf'] = async (batches) => {
    expect(open).toBe(0);
    open += 1;
    held.push(batches.map(({ origin }) => origin));
    const fetched = await fetchKeys(vault, { name: 'export:test', asker: { exportOf: maker.app } }, batches, SCOPES);
    return {
      ...fetched,
      forget() {
        open -= 1;
        fetched.forget();
      },
    };
  };
  expect(await run(made, { keysOf, keysTogether: 2 })).toBe(true);
  expect([held, open, puts]).toEqual([[[0, 1], [2]], 0, [[0, 1, 2]]]);
});
