import { createMemoryApps } from '../../connectors/postgres/memory-apps.ts';
import { appsContract } from './apps.ts';

appsContract('memory', async () => createMemoryApps());
