import { Command } from 'commander';
import {
  type Event,
  envelopeEpoch,
  fromBase64url,
  fromHex,
  fromUtf8,
  mergeScopes,
  open,
  parseEvent,
  ready,
} from '../../protocol/index.ts';
import { verifiedBody } from './batch-input.ts';
import { isObject, parseJson, readInput } from './input.ts';
import { type Outcome, Refusal, settle, strict } from './outcome.ts';
import { bytesOption, publicKeyOption, readKeyFile } from './places.ts';

type Keys = ReadonlyMap<string, Uint8Array>;

interface OpenedEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  /** The fields of all opened scopes; absent where one of them holds no JSON object. */
  readonly data?: Record<string, unknown>;
  /** Data of each opened scope, as it was signed. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Scopes that the key file has no key for. */
  readonly closed: readonly string[];
}

function openEvent(event: Event, keys: Keys, owner: { app: Uint8Array; subject: Uint8Array }): OpenedEvent {
  const scopes: Record<string, string> = {};
  const closed: string[] = [];
  for (const [scope, held] of Object.entries(event.scopes)) {
    const scopeKey = keys.get(scope);
    if (!('envelope' in held) || scopeKey === undefined) {
      closed.push(scope);
      continue;
    }
    const envelope = fromBase64url(held.envelope);
    const place = { ...owner, eventId: event.id, scope, scopeKey, epoch: envelopeEpoch(envelope) };
    scopes[scope] = open({ ...place, envelope, commitment: fromHex(held.commitment) }).data;
  }
  const parsed = Object.fromEntries(Object.entries(scopes).map(([scope, data]) => [scope, parseJson(data)]));
  const { id, type, time } = event;
  return { id, type, time, ...(areObjects(parsed) ? { data: mergeScopes(parsed) } : {}), scopes, closed };
}

const areObjects = (values: Record<string, unknown>): values is Record<string, Record<string, unknown>> =>
  Object.values(values).every(isObject);

/** Events with what their keys are bound to: `{app, subject, event}`, or the body of a batch in client mode. */
async function eventsOf(input: Uint8Array): Promise<{ events: Event[]; app: Uint8Array; subject: Uint8Array }> {
  const value = parseJson(fromUtf8(input));
  if (isObject(value) && 'event' in value) {
    const { app, subject, event } = value;
    if (typeof app !== 'string' || typeof subject !== 'string')
      throw new Refusal('input', 'Stdin is {app, subject, event} or the body of a batch in client mode.');
    return {
      events: [parseEvent(event)],
      app: await publicKeyOption(app, 'app'),
      subject: bytesOption(subject, 'subject'),
    };
  }
  const { header, events, client } = verifiedBody(input);
  if (client === undefined) throw new Refusal('not_encrypted', 'The scopes of this batch are not encrypted.');
  return { events, app: fromHex(header.app), subject: client.subject };
}

async function openAll({ keyFile }: { keyFile: string }): Promise<Outcome> {
  const keys = readKeyFile(keyFile);
  await ready();
  const { events, ...owner } = await eventsOf(await readInput());
  const opened = events.map((event) => openEvent(event, keys, owner));
  if (opened.every(({ scopes }) => Object.keys(scopes).length === 0))
    throw new Refusal('no_key', 'The key file has no key for any scope of this.');
  const closed = [...new Set(opened.flatMap((event) => event.closed))];
  return {
    text: opened.map(({ data, scopes }) => `${JSON.stringify(data ?? scopes)}\n`).join(''),
    json: { events: opened },
    warnings: closed.length === 0 ? [] : [`closed: no key for ${closed.join(', ')}`],
  };
}

/** `ddc crypto open`. */
export const command = (): Command =>
  strict(new Command('open'))
    .description('decrypt events scope by scope with the keys of a file, and merge what they hold')
    .requiredOption('--key-file <file>', 'JSON object of scope to key')
    .option('--json', 'one line of JSON, scope by scope', false)
    .addHelpText(
      'after',
      '\nStdin: {app, subject, event}, or the body of a batch in client mode, whose signature is checked.',
    )
    .action((options: { keyFile: string; json: boolean }) => settle(options.json, () => openAll(options)));
