import { Command } from 'commander';
import { type Algorithm, equalBytes, isNetwork, ready, toHex } from '../../protocol/index.ts';
import { readFile, readWanted } from '../crypto/input.ts';
import { type Outcome, settle, UsageError } from '../crypto/outcome.ts';
import { publicKeyOption } from '../crypto/places.ts';
import { algorithmOption } from '../crypto/signing.ts';
import { HOW_TO_PIN, operatorKey } from './operator-key.ts';
import { verifyFile } from './verify-file.ts';
import type { WitnessOptions } from './witnesses.ts';

interface Options extends WitnessOptions {
  readonly operatorKey?: string;
  readonly network?: string;
  readonly wallet?: string;
  readonly app?: string;
  readonly session?: string;
  readonly api?: string;
  readonly keyFile?: string;
  readonly algorithm: Algorithm;
  readonly json: boolean;
}

async function verify(file: string | undefined, options: Options): Promise<Outcome> {
  await ready();
  const key = options.operatorKey === undefined ? null : operatorKey(options.operatorKey);
  const pinned = { key, ...(options.network === undefined ? {} : { network: options.network }) };
  const isWallet = [options.wallet, options.app, options.session, options.api].some((one) => one !== undefined);
  if (isWallet && file !== undefined) throw new UsageError('Name a file, or a wallet and an app: not both.');
  if (isWallet) return verifyOfWallet(options, key);
  if (file === undefined)
    throw new UsageError('Name a file with receipts or disclosures (- is standard input), or --wallet and --app.');
  const bytes = file === '-' ? await readWanted() : readFile(file, '<file>');
  return verifyFile(bytes, pinned, options);
}

/** What it takes to ask a service is loaded for this only. */
async function verifyOfWallet(options: Options, key: Uint8Array | null): Promise<Outcome> {
  const { wallet, app, api, network, session, algorithm } = options;
  if (wallet === undefined || app === undefined || api === undefined || network === undefined)
    throw new UsageError('All events of a wallet need --wallet, --app, --api and --network.');
  if (!isNetwork(network)) throw new UsageError('--network is 1 to 32 of [a-z0-9-].');
  if (key === null) throw new UsageError(HOW_TO_PIN);
  const of = { wallet: await publicKeyOption(wallet, '--wallet'), app: await publicKeyOption(app, '--app') };
  const { accountOf } = await import('../crypto/account.ts');
  const { readSecret } = await import('../crypto/secret-input.ts');
  const { keyPair } = await accountOf(await readSecret(options.keyFile, 'Phrase', '--key-file'), algorithm);
  const isOwner = equalBytes(keyPair.publicKey, of.wallet);
  if (!isOwner && !equalBytes(keyPair.publicKey, of.app))
    throw new UsageError(
      'The account of --key-file is neither the wallet nor the app: nobody else is shown its events.',
    );
  const { openWalletSource } = await import('./wallet-source.ts');
  const { verifyWallet } = await import('./verify-wallet.ts');
  const owner = { network, app: toHex(of.app), wallet: toHex(of.wallet) };
  const source = openWalletSource(api, owner, { keyPair, algorithm, signer: isOwner ? 'wallet' : 'app' });
  const wanted = { owner, operator: { key }, ...(session === undefined ? {} : { session }) };
  return verifyWallet(source, wanted, options);
}

/** `ddc verify`. */
export const command = (): Command =>
  new Command('verify')
    .description(
      'check receipts and disclosures claim by claim: offline, and against IPFS and the chain where they are named',
    )
    .argument('[file]', 'receipts and disclosures: one, or one a line; - is standard input')
    .option('--operator-key <key>', "the operator's receipt key that you pinned: 64 hex digits or a file with them")
    .option('--network <name>', 'for which it must be (default: the one it names)')
    .option('--ipfs <url>', 'RPC address of an IPFS node: the stored batch is read and hashed')
    .option('--chain <url>', 'ws:// address of a node of the chain: block, extrinsic, remark and payment are looked up')
    .option(
      '--wallet <key>',
      'instead of a file: all events of this wallet, hex or SS58; with --app, --api and --network',
    )
    .option('--app <key>', 'in this app')
    .option('--session <name>', 'only of this session')
    .option('--api <url>', 'address of the API')
    .option('--key-file <file>', 'holds the phrase or secret URI of the wallet, or of the app (default: asks)')
    .addOption(algorithmOption())
    .option('--json', 'one line of JSON', false)
    .addHelpText(
      'after',
      '\nA claim that fails is exit code 1. What nobody could check reads `claimed (not checked)`, never `ok`.',
    )
    .action((file: string | undefined, options: Options) => settle(options.json, () => verify(file, options)));
