import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import {
  type Algorithm,
  encryptionKeyPairFromSeed,
  ready,
  scopeKey,
  subjectOf,
  toHex,
  ZERO_KEY,
} from '../../protocol/index.ts';
import { accountOf, newPhrase } from './account.ts';
import { writeSecretFile } from './input.ts';
import { type Outcome, settle, UsageError } from './outcome.ts';
import { bytesOption, epochOption, publicKeyOption, several } from './places.ts';
import { readSecret } from './secret-input.ts';
import { algorithmOption, type SigningOptions, signAs, signingOptions } from './signing.ts';

/** Public values, one a line; the secret is in a file. */
const published = (values: Record<string, string | number | readonly string[]>): Outcome => ({
  text: Object.entries(values)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' ') : value}\n`)
    .join(''),
  json: values,
});

async function root({ out }: { out: string }): Promise<Outcome> {
  await ready();
  const userRoot = randomBytes(32);
  writeSecretFile(out, `${toHex(userRoot)}\n`);
  return published({ subject: toHex(subjectOf(userRoot)) });
}

async function x25519({ out }: { out: string }): Promise<Outcome> {
  await ready();
  const seed = randomBytes(32);
  writeSecretFile(out, `${toHex(seed)}\n`);
  return published({ publicKey: toHex(encryptionKeyPairFromSeed(seed).publicKey) });
}

/** What the account of a recipient signs about their X25519 key, of which they must have the secret. */
async function certificate(options: SigningOptions & { x25519File?: string }): Promise<Outcome> {
  const secret = await readSecret(options.x25519File, 'X25519 secret', '--x25519-file');
  const seed = bytesOption(secret, 'The X25519 secret');
  await ready();
  const x25519 = encryptionKeyPairFromSeed(seed).publicKey;
  const signed = await signAs('recipient', ZERO_KEY, options, () => ({ x25519, expiresAt: options.expires }));
  return { text: `${JSON.stringify(signed)}\n`, json: signed };
}

interface AccountOptions {
  readonly algorithm: Algorithm;
  readonly phraseFile?: string;
  readonly out?: string;
}

async function account({ algorithm, phraseFile, out }: AccountOptions): Promise<Outcome> {
  if (phraseFile !== undefined && out !== undefined)
    throw new UsageError('Give --phrase-file for an account that is there, or --out for a new one.');
  const uri = out === undefined ? await readSecret(phraseFile, 'Phrase', '--phrase-file') : await newPhrase();
  const { keyPair, address } = await accountOf(uri, algorithm);
  if (out !== undefined) writeSecretFile(out, `${uri}\n`);
  return published({ algorithm, publicKey: toHex(keyPair.publicKey), address });
}

interface ScopesOptions {
  readonly rootFile?: string;
  readonly app: string;
  readonly epoch: number;
  readonly scope: readonly string[];
  readonly out: string;
}

async function scopes({ rootFile, app, epoch, scope, out }: ScopesOptions): Promise<Outcome> {
  const key = await publicKeyOption(app, '--app');
  const userRoot = bytesOption(await readSecret(rootFile, 'User root', '--root-file'), 'The user root');
  await ready();
  const keys = Object.fromEntries(scope.map((name) => [name, toHex(scopeKey(userRoot, key, name, epoch))]));
  writeSecretFile(out, `${JSON.stringify(keys, null, 2)}\n`);
  return published({ app: toHex(key), subject: toHex(subjectOf(userRoot)), epoch, scopes: Object.keys(keys) });
}

/** Options of every kind, and the action. */
function kind<T>(name: string, summary: string, run: (options: T) => Promise<Outcome>): Command {
  return new Command(name)
    .description(summary)
    .option('--json', 'one line of JSON', false)
    .action((options: T & { json: boolean }) => settle(options.json, () => run(options)));
}

/** `ddc crypto keygen`. */
export function command(): Command {
  const out = ['--out <file>', 'new file for the secret, readable by this user only'] as const;
  return new Command('keygen')
    .description('make keys: the secret goes to a file, stdout has what may be public')
    .addCommand(kind('root', 'a user root: 32 random bytes', root).requiredOption(...out))
    .addCommand(kind('x25519', 'a key pair that grants are sealed to', x25519).requiredOption(...out))
    .addCommand(
      kind('account', 'a signing account of a phrase or secret URI, or of a new phrase', account)
        .addOption(algorithmOption())
        .option('--phrase-file <file>', 'holds the phrase (default: asks)')
        .option('--out <file>', 'make a new phrase, and this file for it'),
    )
    .addCommand(
      signingOptions(
        kind(
          'certificate',
          'what a recipient signs about their X25519 key; stdout: the request of kind recipient',
          certificate,
        ),
      ).option('--x25519-file <file>', 'holds the secret of the key (default: asks)'),
    )
    .addCommand(
      kind('scopes', 'a key file for encrypt, decrypt and open: keys of scopes of a user root', scopes)
        .option('--root-file <file>', 'holds the user root in hex (default: asks)')
        .requiredOption('--app <key>', "the app's public key, hex or SS58")
        .option('--epoch <n>', 'key epoch', epochOption, 0)
        .requiredOption('--scope <name>', 'may be given several times', several)
        .requiredOption(...out),
    );
}
