import { Command } from 'commander';
import { pack } from './pack.ts';

/** `ddc pack [folder]`, in a clone only: it compiles the sources. */
export const command = (): Command =>
  new Command('pack')
    .description('make the package @cere-ddc/protocol out of protocol/')
    .argument('[folder]', 'where the tarball goes', 'dist')
    .action(async (folder: string) => {
      process.stdout.write(`${await pack(folder)}\n`);
    });
