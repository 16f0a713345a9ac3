import { Command } from 'commander';
import { withLog } from './log-edges.ts';
import { repairPartition } from './repair.ts';

/** `ddc repair`. */
export const command = (): Command =>
  new Command('repair')
    .description("set pinner and encryptor back to their reader's mark, in every partition; safe at any time")
    .action(() =>
      withLog(async ({ positions }, partitions) => {
        for (let partition = 0; partition < partitions; partition++) {
          for (const { upstream, lowered, mark } of await repairPartition(positions, partition)) {
            process.stdout.write(
              `partition ${partition}: ${upstream} ${lowered ? `set back to ${mark}` : 'as it was'}\n`,
            );
          }
        }
      }),
    );
