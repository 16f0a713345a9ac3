import { createMemoryUsage } from '../../connectors/postgres/memory-usage.ts';
import { usageContract } from './usage.ts';

usageContract('memory', async () => createMemoryUsage());
