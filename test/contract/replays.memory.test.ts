import { createMemoryReplays } from '../../connectors/postgres/memory-replays.ts';
import { replaysContract } from './replays.ts';

replaysContract('memory', async () => createMemoryReplays());
