import { createMemoryExports } from '../../connectors/postgres/memory-exports.ts';
import { exportsContract } from './exports.ts';

exportsContract('memory', async () => createMemoryExports());
