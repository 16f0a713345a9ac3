import { Command, InvalidArgumentError } from 'commander';
import { toHex } from '../protocol/bytes.ts';
import type { CrashOwner, Stage } from '../services/pipeline/ports/positions.ts';
import { deadLetters, parkRecord, resumeStage, retryDeadLetter } from './dlq.ts';
import { withLog } from './log-edges.ts';
import { wholeNumber } from './whole-number.ts';

function stage(text: string): 'encryptor' | 'pinner' {
  if (text !== 'encryptor' && text !== 'pinner') throw new InvalidArgumentError('It must be encryptor or pinner.');
  return text;
}

const STAGES: readonly Stage[] = ['encryptor', 'pinner', 'indexer', 'settler'];

function anyStage(text: string): CrashOwner {
  const found = STAGES.find((one) => one === text);
  if (found) return found;
  if (/^export-./.test(text)) return text as `export-${string}`;
  throw new InvalidArgumentError(`It must be one of ${STAGES.join(', ')}, or export-<name>.`);
}

/** `ddc dlq`. */
export function command(): Command {
  const list = new Command('list').description('dead letters, newest first').action(() =>
    withLog(async (ports, partitions) => {
      for (let partition = 0; partition < partitions; partition++) {
        for await (const { offset, letter } of deadLetters(ports, partition)) {
          process.stdout.write(
            `partition ${partition} origin ${letter.origin} batch ${toHex(letter.batchId)} (letter at ${offset})\n`,
          );
        }
      }
    }),
  );
  const retry = new Command('retry')
    .description('append the original of a dead letter to the log again')
    .argument('<partition>', 'its partition', wholeNumber(0))
    .argument('<origin>', 'its origin', wholeNumber(0))
    .action((partition: number, origin: number) =>
      withLog(async (ports) => {
        process.stdout.write(`appended at ${await retryDeadLetter(ports, partition, origin)}\n`);
      }),
    );
  const park = new Command('park')
    .description('make a void of the record at which a stage is paused')
    .argument('<stage>', 'encryptor or pinner', stage)
    .argument('<partition>', 'its partition', wholeNumber(0))
    .action((name: 'encryptor' | 'pinner', partition: number) =>
      withLog(async ({ positions }) => {
        process.stdout.write(`parked origin ${await parkRecord(positions, name, partition)}\n`);
      }),
    );
  const resume = new Command('resume')
    .description('let a paused partition try its record again, once what crashed is mended')
    .argument('<stage>', `${STAGES.join(', ')} or export-<name>`, anyStage)
    .argument('<partition>', 'its partition', wholeNumber(0))
    .action((name: CrashOwner, partition: number) =>
      withLog(async ({ positions }) => {
        process.stdout.write(`goes on at origin ${await resumeStage(positions, name, partition)}\n`);
      }),
    );
  const commands = [list, retry, park, resume];
  return commands.reduce((dlq, one) => dlq.addCommand(one), new Command('dlq').description('dead letters'));
}
