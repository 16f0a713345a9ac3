import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { commitment, fromUtf8, isEventId, ready, seal, toBase64url, toHex } from '../../protocol/index.ts';
import { readInput } from './input.ts';
import { type Outcome, Refusal, settle } from './outcome.ts';
import { bytesOption, epochOption, keyOf, publicKeyOption, readKeyFile } from './places.ts';

interface Options {
  readonly keyFile: string;
  readonly app: string;
  readonly subject: string;
  readonly event: string;
  readonly scope: string;
  readonly epoch: number;
  readonly json: boolean;
}

async function encrypt({ keyFile, scope, event, epoch, ...options }: Options): Promise<Outcome> {
  const app = await publicKeyOption(options.app, '--app');
  const subject = bytesOption(options.subject, '--subject');
  if (!isEventId(event)) throw new Refusal('id', 'The id of an event is a UUIDv7 in lower case.');
  const scopeKey = keyOf(readKeyFile(keyFile), scope);
  await ready();
  const data = fromUtf8(await readInput());
  const salt = randomBytes(16);
  const place = { app, subject, eventId: event, scope, epoch, scopeKey };
  const envelope = toBase64url(seal({ ...place, salt, data, nonce: randomBytes(24) }));
  return {
    text: `${envelope}\n`,
    json: {
      app: toHex(app),
      subject: toHex(subject),
      event,
      scope,
      commitment: toHex(commitment(salt, data)),
      envelope,
    },
  };
}

/** `ddc crypto encrypt`. */
export const command = (): Command =>
  new Command('encrypt')
    .description('seal one scope of one event into an envelope; stdin: its data, stdout: base64url')
    .requiredOption('--key-file <file>', 'JSON object of scope to key')
    .requiredOption('--app <key>', "the app's public key, hex or SS58")
    .requiredOption('--subject <hex>', 'what public storage shows instead of the wallet')
    .requiredOption('--event <id>', 'id of the event')
    .requiredOption('--scope <name>', 'name of the scope')
    .option('--epoch <n>', 'key epoch', epochOption, 0)
    .option('--json', 'one line of JSON, with the commitment; decrypt reads it', false)
    .action((options: Options) => settle(options.json, () => encrypt(options)));
