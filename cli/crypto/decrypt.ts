import { Command } from 'commander';
import { envelopeEpoch, fromBase64url, fromUtf8, open, ready, toHex } from '../../protocol/index.ts';
import { isObject, parseJson, readWanted } from './input.ts';
import { type Outcome, settle, UsageError } from './outcome.ts';
import { bytesOption, keyOf, publicKeyOption, readKeyFile } from './places.ts';

/** Where the envelope belongs: options, or members of the JSON that `encrypt --json` prints. */
interface Place {
  readonly app?: string;
  readonly subject?: string;
  readonly event?: string;
  readonly scope?: string;
  readonly commitment?: string;
  readonly envelope?: string;
}

interface Options extends Omit<Place, 'envelope'> {
  readonly keyFile: string;
  readonly json: boolean;
}

const MEMBERS = ['app', 'subject', 'event', 'scope', 'commitment', 'envelope'] as const;

/** What stdin says; options come first. @throws UsageError */
function placeOf(text: string, options: Options): Place {
  const value = parseJson(text);
  const said: Record<string, string> = isObject(value) ? {} : { envelope: text.trim() };
  if (isObject(value)) {
    for (const member of MEMBERS) {
      const given = value[member];
      if (given !== undefined && typeof given !== 'string') throw new UsageError(`${member} in stdin is not text.`);
      if (given !== undefined) said[member] = given;
    }
  }
  for (const member of MEMBERS) {
    const given = member === 'envelope' ? undefined : options[member];
    if (given !== undefined) said[member] = given;
  }
  return said;
}

function needed(value: string | undefined, name: string): string {
  if (value === undefined)
    throw new UsageError(
      name === 'envelope' ? 'The JSON on stdin has no envelope.' : `--${name} is needed, or ${name} in JSON on stdin.`,
    );
  return value;
}

async function decrypt(options: Options): Promise<Outcome> {
  const keys = readKeyFile(options.keyFile);
  await ready();
  const place = placeOf(fromUtf8(await readWanted()), options);
  const scope = needed(place.scope, 'scope');
  const app = await publicKeyOption(needed(place.app, 'app'), '--app');
  const subject = bytesOption(needed(place.subject, 'subject'), '--subject');
  const commitment = place.commitment === undefined ? undefined : bytesOption(place.commitment, '--commitment');
  const eventId = needed(place.event, 'event');
  const envelope = fromBase64url(needed(place.envelope, 'envelope'));
  const epoch = envelopeEpoch(envelope);
  const opened = open({ scopeKey: keyOf(keys, scope), epoch, app, subject, eventId, scope, envelope, commitment });
  return {
    text: opened.data,
    json: { event: eventId, scope, epoch, salt: toHex(opened.salt), data: opened.data },
  };
}

/** `ddc crypto decrypt`. */
export const command = (): Command =>
  new Command('decrypt')
    .description('open one envelope; stdin: base64url, or what `encrypt --json` printed')
    .requiredOption('--key-file <file>', 'JSON object of scope to key')
    .option('--app <key>', "the app's public key, hex or SS58")
    .option('--subject <hex>', 'what public storage shows instead of the wallet')
    .option('--event <id>', 'id of the event')
    .option('--scope <name>', 'name of the scope')
    .option('--commitment <hex>', 'what the data must have been signed as')
    .option('--json', 'one line of JSON, with the salt', false)
    .action((options: Options) => settle(options.json, () => decrypt(options)));
