import { createMemoryIndexStore } from '../../connectors/postgres/memory-index-store.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import type { Erasure } from '../../services/pipeline/ports/erasures.ts';
import { type IndexStoreFixture, indexStoreContract } from './index-store.ts';

indexStoreContract('memory', async () => {
  const positions = memoryPositions('01'.repeat(16));
  const erasures = new Map<string, Erasure>();
  const clashes: IndexStoreFixture['clashes'] = [];
  return {
    store: createMemoryIndexStore(
      positions,
      () => [...erasures.values()],
      (clash) => clashes.push(clash),
    ),
    positions,
    clashes,
    async putErasure(id, erasure) {
      erasures.set(Buffer.from(id).toString('hex'), erasure);
    },
  };
});
