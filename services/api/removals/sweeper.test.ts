import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { createMemoryRemovals } from '../../../connectors/vault/memory-removals.ts';
import { memoryKeyTables } from '../../../connectors/vault/memory-tables.ts';
import { keyPairFromSeed, ready, signReceipt } from '../../../protocol/index.ts';
import { NO_FAULTS } from '../../pipeline/faults.ts';
import { VAULT_CACHE_MS } from '../../pipeline/ports/vault.ts';
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
    requested: async (record) => void sent.push(record),
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
