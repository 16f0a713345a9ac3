import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import { type Algorithm, type Content, ready, type SignedRequest, signRequest, toHex } from '../../protocol/index.ts';
import { accountOf } from './account.ts';
import { momentOption } from './places.ts';
import { readSecret } from './secret-input.ts';

/** Options of every command that signs a request. */
export interface SigningOptions {
  readonly network: string;
  readonly phraseFile?: string;
  readonly algorithm: Algorithm;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

export const algorithmOption = () =>
  new Option('--algorithm <name>', 'of the account').choices(['sr25519', 'ed25519']).default('sr25519');

export const signingOptions = (command: Command): Command =>
  command
    .requiredOption('--network <name>', 'of the deployment that it is for')
    .requiredOption(
      '--expires <when>',
      'a time from now (15m, 12h, 30d) or a moment (2030-01-31T00:00:00Z)',
      momentOption,
    )
    .option('--phrase-file <file>', 'holds the phrase or secret URI of the account that signs (default: asks)')
    .addOption(algorithmOption());

/**
 * Signs a request of now as the account of the options, which is its wallet.
 * @param app 32 bytes in hex @throws ProtocolError, Refusal `phrase`
 */
export async function signAs<K extends 'recipient' | 'grant'>(
  kind: K,
  app: string,
  { network, phraseFile, algorithm }: SigningOptions,
  content: (wallet: Uint8Array) => Content<K>,
): Promise<SignedRequest<K>> {
  const { keyPair } = await accountOf(await readSecret(phraseFile, 'Phrase', '--phrase-file'), algorithm);
  await ready();
  const wallet = toHex(keyPair.publicKey);
  const frame = { network, app, wallet, id: toHex(randomBytes(16)), issuedAt: Date.now() };
  const fields = { kind, ...frame, signer: 'wallet' as const, algorithm, wrap: 'none' as const };
  return signRequest({ ...fields, content: content(keyPair.publicKey) }, keyPair);
}
