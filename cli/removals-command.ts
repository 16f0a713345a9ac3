import { Command } from 'commander';
import { withRemovalLog } from './removals.ts';

/** `ddc removals`. */
export function command(): Command {
  const reapply = new Command('reapply')
    .description('after the database was restored to an earlier point: put back every erasure that the log knows')
    .action(() =>
      withRemovalLog(async (edges) => {
        process.stdout.write(`${JSON.stringify(await edges.reapply())}\n`);
      }),
    );
  return new Command('removals').description('erasures, after a restore of the database').addCommand(reapply);
}
