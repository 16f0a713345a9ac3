import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import { createMemorySettlementStore } from '../../connectors/postgres/memory-settlement-store.ts';
import { settlementStoreContract } from './settlement-store.ts';

settlementStoreContract('memory', async () => createMemorySettlementStore(memoryPositions('00')));
