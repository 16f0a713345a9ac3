import { Command } from 'commander';
import { ready } from '../../protocol/index.ts';
import { readFile, readWanted } from '../crypto/input.ts';
import { settle, strict, UsageError } from '../crypto/outcome.ts';
import { operatorKey } from './operator-key.ts';
import { verifyFile } from './verify-file.ts';
import type { WitnessOptions } from './witnesses.ts';

interface Options extends WitnessOptions {
  readonly operatorKey?: string;
  readonly network?: string;
  readonly json: boolean;
}

async function verify(file: string | undefined, options: Options) {
  await ready();
  const key = options.operatorKey === undefined ? null : operatorKey(options.operatorKey);
  const pinned = { key, ...(options.network === undefined ? {} : { network: options.network }) };
  if (file === undefined) throw new UsageError('Name a file with receipts or disclosures, or - for standard input.');
  const bytes = file === '-' ? await readWanted() : readFile(file, '<file>');
  return verifyFile(bytes, pinned, options);
}

/** `ddc verify`. */
export const command = (): Command =>
  strict(new Command('verify'))
    .description(
      'check receipts and disclosures claim by claim: offline, and against IPFS and the chain where they are named',
    )
    .argument('[file]', 'receipts and disclosures: one, or one a line; - is standard input')
    .option('--operator-key <key>', "the operator's receipt key that you pinned: 64 hex digits or a file with them")
    .option('--network <name>', 'for which it must be (default: the one it names)')
    .option('--ipfs <url>', 'RPC address of an IPFS node: the stored batch is read and hashed')
    .option('--chain <url>', 'ws:// address of a node of the chain: block, extrinsic, remark and payment are looked up')
    .option('--json', 'one line of JSON', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 no claim failed, 1 a claim failed, 2 asked wrongly. What nobody could check reads `claimed (not checked)`, never `ok`.',
    )
    .action((file: string | undefined, options: Options) => settle(options.json, () => verify(file, options)));
