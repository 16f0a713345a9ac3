import { expect, test } from '@jest/globals';
import { createMemoryAdmission } from '../../connectors/postgres/memory-admission.ts';
import { createMemoryIndexStore } from '../../connectors/postgres/memory-index-store.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import { START } from '../pipeline/ports/positions.ts';
import { createBatchStatuses } from './batch-status.ts';

test('a batch whose retry is under way is not dead any more: its first origin does not count', async () => {
  const positions = memoryPositions('00');
  const admission = createMemoryAdmission();
  const index = createMemoryIndexStore(
    positions,
    () => [],
    () => undefined,
  );
  const owner = { app: Uint8Array.of(1), wallet: Uint8Array.of(2), rootVersion: 1 };
  const batchId = new Uint8Array(32).fill(3);
  const claim = { ...owner, batchId, issuedAt: null };
  const statuses = createBatchStatuses({
    admission,
    positions,
    index,
    settlement: { isFinal: async (ids) => ids.map(() => null) },
  });
  const dead = { ...owner, batchId, source: null, seq: null, reason: 'dead', body: null } as const;

  await positions.load('indexer', 0);
  await admission.admit(0, [{ ...claim, origin: 0, retryOf: null }]);
  await index.apply(0, START, { next: 1, mark: 0 }, [{ ...dead, origin: 0 }]);
  expect(await statuses([batchId])).toMatchObject([{ outcome: 'dead', stages: { indexed: true } }]);

  await admission.admit(0, [{ ...claim, origin: 1, retryOf: 0 }]);
  expect(await statuses([batchId])).toMatchObject([
    { outcome: 'live', position: { partition: 0, offset: 1 }, stages: { indexed: false }, app: null },
  ]);

  await index.apply(0, { next: 1, mark: 0 }, { next: 2, mark: 1 }, [{ ...dead, origin: 1 }]);
  expect(await statuses([batchId])).toMatchObject([{ outcome: 'dead', stages: { indexed: true }, app: '01' }]);
});

test('a copy of an erased batch does not make it live: whichever of its records the index shows', async () => {
  const positions = memoryPositions('00');
  const admission = createMemoryAdmission();
  const index = createMemoryIndexStore(
    positions,
    () => [],
    () => undefined,
  );
  const owner = { app: Uint8Array.of(1), wallet: Uint8Array.of(2), rootVersion: 1 };
  const batchId = new Uint8Array(32).fill(3);
  const settlement = { isFinal: async (ids: readonly Uint8Array[]) => ids.map(() => null) };
  const statuses = createBatchStatuses({ admission, positions, index, settlement });
  const erased = { ...owner, batchId, source: null, seq: null, reason: 'erased', body: null } as const;
  await positions.load('indexer', 0);
  await admission.admit(0, [{ ...owner, batchId, issuedAt: null, origin: 0, retryOf: null }]);
  await index.apply(0, START, { next: 2, mark: 1 }, [
    { ...erased, origin: 0 },
    { ...erased, origin: 1 },
  ]);
  expect(await statuses([batchId])).toMatchObject([{ outcome: 'erased', position: { offset: 0 } }]);
});
