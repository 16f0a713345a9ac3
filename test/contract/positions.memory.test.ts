import { memoryPositions, PositionTables } from '../../connectors/postgres/memory-positions.ts';
import { toHex } from '../../protocol/index.ts';
import { positionsContract } from './positions.ts';

positionsContract('memory', async () => {
  const tables = new PositionTables();
  return { of: (log) => memoryPositions(toHex(log), tables) };
});
