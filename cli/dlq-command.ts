import { Command, InvalidArgumentError } from 'commander';
import { toHex } from '../protocol/bytes.ts';
import { deadLetters, parkRecord, retryDeadLetter } from './dlq.ts';
import { withLog } from './log-edges.ts';

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

function stage(text: string): 'encryptor' | 'pinner' {
  if (text !== 'encryptor' && text !== 'pinner') throw new InvalidArgumentError('It must be encryptor or pinner.');
  return text;
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
    .argument('<partition>', 'its partition', whole)
    .argument('<origin>', 'its origin', whole)
    .action((partition: number, origin: number) =>
      withLog(async (ports) => {
        process.stdout.write(`appended at ${await retryDeadLetter(ports, partition, origin)}\n`);
      }),
    );
  const park = new Command('park')
    .description('make a void of the record at which a stage is paused')
    .argument('<stage>', 'encryptor or pinner', stage)
    .argument('<partition>', 'its partition', whole)
    .action((name: 'encryptor' | 'pinner', partition: number) =>
      withLog(async ({ positions }) => {
        process.stdout.write(`parked origin ${await parkRecord(positions, name, partition)}\n`);
      }),
    );
  return new Command('dlq').description('dead letters').addCommand(list).addCommand(retry).addCommand(park);
}
