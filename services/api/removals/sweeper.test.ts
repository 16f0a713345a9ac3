import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { createMemoryRemovals } from '../../../connectors/vault/memory-removals.ts';
import { memoryKeyTables } from '../../../connectors/vault/memory-tables.ts';
import { keyPairFromSeed, ready, signReceipt, verifyReceipt } from '../../../protocol/index.ts';
import { NO_FAULTS } from '../../pipeline/faults.ts';
import { REMOVED_FRESH_MS } from '../../pipeline/ports/removed-events.ts';
import { VAULT_CACHE_MS } from '../../pipeline/ports/vault.ts';
import { EXPORTS_MS } from './next-step.ts';
import { sweepRemovals } from './sweeper.ts';

beforeAll(() => ready());
const bytes = (length: number) => new Uint8Array(randomBytes(length));

test('the fence is set only when no cache of a vault can still hold a key of the erased', async () => {
  const tables = memoryKeyTables();
  const removals = createMemoryRemovals(tables, () => ({ indexer: true, pinner: true, swept: true, exports: [] }));
  const erasure = { app: bytes(32), wallet: bytes(32), id: bytes(16), issuedAt: 1, rootVersions: [1] };
  tables.erasures.push({ ...erasure, fence: null });
  let elapsed = 77;
  let end = 10;
  const given: (readonly number[])[] = [];
  const sent: { fence: number | null }[] = [];
  const look = sweepRemovals({
    network: 'cere-sandbox',
    removals,
    partitionOf: () => 0,
    endOffset: async () => end,
    requested: async (records) => void sent.push(...records),
    completed: async () => undefined,
    eraseBlobs: async (_owner, versions) => void given.push(versions),
    sign: (payload) => signReceipt('cere-sandbox', payload, keyPairFromSeed('ed25519', bytes(32))),
    keksRotate: true,
    clock: { now: () => 1_000 },
    elapsed: () => elapsed,
    faults: NO_FAULTS,
    onReceipt: () => undefined,
  });
  const state = async () => (await removals.find(erasure))?.removal;
  const { signal } = new AbortController();
  await look(signal);
  elapsed += VAULT_CACHE_MS - 1;
  await look(signal);
  expect(await state()).toMatchObject({ state: 'committed', fence: null });
  expect(given).toEqual([]);
  // What was sealed while a cache still knew the key lies below the fence.
  end = 12;
  elapsed += 1;
  await look(signal);
  expect(await state()).toMatchObject({ state: 'fenced', fence: 12 });
  expect(given).toEqual([[1]]);
  await look(signal);
  expect(sent).toMatchObject([{ fence: 12 }]);
  await look(signal);
  expect(await state()).toMatchObject({ state: 'done', receipts: 1 });
});

test('a removal of single events is sent at once, and signed for only when what was read before it is out, also by who did not send it', async () => {
  const tables = memoryKeyTables();
  const exports = [
    { name: 'fast', reported: true, rows: 3 },
    { name: 'slow', reported: false, rows: 0 },
  ];
  const removals = createMemoryRemovals(tables, () => ({ indexer: false, pinner: false, swept: false, exports }));
  const selector = { events: ['01900000-0000-7000-8000-000000000001'] };
  const removal = { app: bytes(32), wallet: bytes(32), id: bytes(16), issuedAt: 1, selector };
  tables.removals.push(removal);
  let [elapsed, now] = [5, 1_000];
  const sent: object[] = [];
  const told: object[] = [];
  const key = keyPairFromSeed('ed25519', bytes(32));
  const sweeper = () =>
    sweepRemovals({
      network: 'cere-sandbox',
      removals,
      partitionOf: () => 0,
      endOffset: () => Promise.reject(new Error('it has no fence')),
      requested: async (records) => void sent.push(...records),
      completed: async (records) => void told.push(...records),
      eraseBlobs: () => Promise.reject(new Error('nobody is erased')),
      sign: (payload) => signReceipt('cere-sandbox', payload, key),
      keksRotate: true,
      clock: { now: () => now },
      elapsed: () => elapsed,
      faults: NO_FAULTS,
      onReceipt: () => undefined,
    });
  const { signal } = new AbortController();
  const state = async () => (await removals.find(removal))?.removal;
  await sweeper()(signal);
  expect(sent).toMatchObject([{ kind: 'remove', fence: null, selector: { events: selector.events, session: null } }]);
  expect(await state()).toMatchObject({ state: 'sent', receipts: 0 });
  // The process that goes on has never seen it before.
  const look = sweeper();
  now += EXPORTS_MS;
  await look(signal);
  elapsed += REMOVED_FRESH_MS - 1;
  await look(signal);
  expect(await state()).toMatchObject({ receipts: 0 });
  elapsed += 1;
  await look(signal);
  expect(await state()).toMatchObject({ state: 'done', pending: ['slow'], receipts: 1 });
  exports.splice(1, 1, { name: 'slow', reported: true, rows: 2 });
  await look(signal);
  await look(signal);
  const receipts = (await removals.find(removal))?.receipts ?? [];
  const [first, second] = receipts.map((one) => verifyReceipt(one, { network: 'cere-sandbox', key: key.publicKey }));
  expect(receipts).toHaveLength(2);
  expect(first).toMatchObject({
    kind: 'removal',
    number: 1,
    selector,
    stores: { api: 'invalidated', ipfs: 'pending', 'ddc.batches.pinned': 'until retention', 'export:slow': 'pending' },
    exports: { applied: [{ name: 'fast', rows: 3 }], pending: ['slow'] },
  });
  expect(second).toMatchObject({ number: 2, stores: { 'export:slow': 'removed' }, exports: { pending: [] } });
  expect(told).toMatchObject([{ reporter: 'exporter:fast' }, { reporter: 'exporter:slow' }]);
});

test('erasures come before single events, those go to the log together, and who waits for an export is looked at less and less often', async () => {
  const tables = memoryKeyTables();
  const exports = [{ name: 'gone', reported: false, rows: 0 }];
  let asked = 0;
  const removals = createMemoryRemovals(tables, ({ kind }) => {
    if (kind === 'remove') asked += 1;
    return { indexer: true, pinner: true, swept: true, exports };
  });
  const events = ['01900000-0000-7000-8000-000000000001'];
  for (let n = 0; n < 3; n += 1)
    tables.removals.push({ app: bytes(32), wallet: bytes(32), id: bytes(16), issuedAt: 1, selector: { events } });
  // Sent last of all by its name, if names were what counts.
  const erased = { app: bytes(32).fill(255), wallet: bytes(32), id: bytes(16), issuedAt: 1, rootVersions: [1] };
  tables.erasures.push({ ...erased, fence: null });
  await removals.fence(erased, 3);
  let elapsed = 0;
  const sends: string[][] = [];
  const look = sweepRemovals({
    network: 'cere-sandbox',
    removals,
    partitionOf: () => 0,
    endOffset: async () => 3,
    requested: async (records) => void sends.push(records.map(({ kind }) => kind)),
    completed: async () => undefined,
    eraseBlobs: async () => undefined,
    sign: (payload) => signReceipt('cere-sandbox', payload, keyPairFromSeed('ed25519', bytes(32))),
    keksRotate: true,
    clock: { now: () => 1_000 },
    elapsed: () => elapsed,
    faults: NO_FAULTS,
    onReceipt: () => undefined,
  });
  const { signal } = new AbortController();
  await look(signal);
  expect(sends).toEqual([['erase'], ['remove', 'remove', 'remove']]);
  // Exports have not reported yet, and the receipt is not late by this clock.
  const looks: number[] = [];
  for (elapsed = REMOVED_FRESH_MS; elapsed < REMOVED_FRESH_MS + 200_000; elapsed += 500) {
    const before = asked;
    await look(signal);
    if (asked > before) looks.push((elapsed - REMOVED_FRESH_MS) / 1_000);
  }
  expect(looks).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
  expect(asked).toBe(3 * looks.length);
});
