import { Command } from 'commander';
import { batchesEncrypted } from '../topics/batches-encrypted.ts';
import { batchesPinned } from '../topics/batches-pinned.ts';
import { batchesReceived } from '../topics/batches-received.ts';
import { type OperatorPorts, withLog } from './log-edges.ts';
import { repairPartition, type Skip, skipTrimmed } from './repair.ts';

const INPUT = { pinner: batchesEncrypted, indexer: batchesPinned };

function told({ stage, outcome }: Skip): string {
  if (outcome.kind === 'fine') return `${stage} as it was`;
  if (outcome.kind === 'move') return `${stage} goes on at ${outcome.to.next}; what is missing is emitted again`;
  return `${stage} NOT moved: the originals are gone from \`received\` as well, see docs/operations.md`;
}

async function skip({ positions, lookup, named }: OperatorPorts, partition: number): Promise<void> {
  const skips = await skipTrimmed(positions, partition, async (stage) => ({
    input: await lookup.firstOffset(named(INPUT[stage]), partition),
    received: await lookup.firstOffset(named(batchesReceived), partition),
  }));
  for (const one of skips) {
    if (one.outcome.kind === 'lost') process.exitCode = 1;
    process.stdout.write(`partition ${partition}: ${told(one)}\n`);
  }
}

/** `ddc repair`. */
export const command = (): Command =>
  new Command('repair')
    .description("set pinner and encryptor back to their reader's mark, in every partition; safe at any time")
    .option(
      '--skip-trimmed',
      'before that, let pinner and indexer go on behind what retention has taken from their input, where nothing is lost by it',
    )
    .action((options: { skipTrimmed?: boolean }) =>
      withLog(async (ports, partitions) => {
        for (let partition = 0; partition < partitions; partition++) {
          if (options.skipTrimmed) await skip(ports, partition);
          for (const { upstream, lowered, mark } of await repairPartition(ports.positions, partition)) {
            process.stdout.write(
              `partition ${partition}: ${upstream} ${lowered ? `set back to ${mark}` : 'as it was'}\n`,
            );
          }
        }
      }),
    );
