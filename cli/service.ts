import { Command } from 'commander';
import { ALL_ROOMS } from '../stack/rooms.ts';
import { UsageError } from './crypto/outcome.ts';

/** A room's `main.ts` runs when it is imported; what it needs comes from the environment. */
const IMPORTS: Readonly<Record<string, () => Promise<unknown>>> = {
  api: () => import('../services/api/main.ts'),
  encryptor: () => import('../services/encryptor/main.ts'),
  pinner: () => import('../services/pinner/main.ts'),
  indexer: () => import('../services/indexer/main.ts'),
  settler: () => import('../services/settler/main.ts'),
  exporter: () => import('../services/exporter/main.ts'),
  exports: () => import('../services/exports/main.ts'),
};

async function run(room: string): Promise<void> {
  const start = IMPORTS[room];
  if (!start) throw new UsageError(`There is no room ${room}; the rooms are ${ALL_ROOMS.join(', ')}.`);
  await start();
}

export const command = (): Command =>
  new Command('service')
    .description(`run one room (${ALL_ROOMS.join(', ')}) in this process, configured by its environment`)
    .argument('<room>')
    .action(run);
