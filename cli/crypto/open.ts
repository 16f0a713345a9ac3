import { Command } from 'commander';
import {
  type Event,
  envelopeEpoch,
  fromBase64url,
  fromHex,
  fromUtf8,
  mergeScopes,
  open,
  ProtocolError,
  parseEvent,
  ready,
} from '../../protocol/index.ts';
import { verifiedBody } from './batch-input.ts';
import { type HeldKeys, heldKeys, type KeyOptions } from './held-keys.ts';
import { isObject, parseJson, readWanted } from './input.ts';
import { type Outcome, Refusal, settle } from './outcome.ts';
import { bytesOption, publicKeyOption } from './places.ts';

interface OpenedEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  /** The fields of all opened scopes; absent where one of them holds no JSON object. */
  readonly data?: Record<string, unknown>;
  /** Data of each opened scope, as it was signed. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Scopes that there is no key for. */
  readonly closed: readonly string[];
}

interface Owner {
  readonly app: Uint8Array;
  readonly subject: Uint8Array;
}

/** What the first of the keys that fits opens; undefined where there is none. @throws ProtocolError when none fits */
function openScope(event: Event, scope: string, keys: HeldKeys, owner: Owner): string | undefined {
  const held = event.scopes[scope];
  if (held === undefined || !('envelope' in held)) return undefined;
  const envelope = fromBase64url(held.envelope);
  const epoch = envelopeEpoch(envelope);
  const place = { ...owner, eventId: event.id, scope, epoch, envelope, commitment: fromHex(held.commitment) };
  let refused: ProtocolError | undefined;
  for (const scopeKey of keys(scope, epoch)) {
    try {
      return open({ ...place, scopeKey }).data;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused = error;
    }
  }
  if (refused !== undefined) throw refused;
  return undefined;
}

function openEvent(event: Event, keys: HeldKeys, owner: Owner): OpenedEvent {
  const scopes: Record<string, string> = {};
  const closed: string[] = [];
  for (const scope of Object.keys(event.scopes)) {
    const data = openScope(event, scope, keys, owner);
    if (data === undefined) closed.push(scope);
    else scopes[scope] = data;
  }
  const parsed = Object.fromEntries(Object.entries(scopes).map(([scope, data]) => [scope, parseJson(data)]));
  const { id, type, time } = event;
  return { id, type, time, ...(areObjects(parsed) ? { data: mergeScopes(parsed) } : {}), scopes, closed };
}

const areObjects = (values: Record<string, unknown>): values is Record<string, Record<string, unknown>> =>
  Object.values(values).every(isObject);

/** Events with what their keys are bound to: `{app, subject, event}`, or the body of a batch in client mode. */
async function eventsOf(input: Uint8Array): Promise<Owner & { events: Event[] }> {
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

async function openAll(options: KeyOptions): Promise<Outcome> {
  await ready();
  const keys = await heldKeys(options);
  const { events, ...owner } = await eventsOf(await readWanted());
  const opened = events.map((event) => openEvent(event, keys, owner));
  if (opened.every(({ scopes }) => Object.keys(scopes).length === 0))
    throw new Refusal('no_key', 'There is no key for any scope of this in its epoch.');
  const closed = [...new Set(opened.flatMap((event) => event.closed))];
  return {
    text: opened.map(({ data, scopes }) => `${JSON.stringify(data ?? scopes)}\n`).join(''),
    json: { events: opened },
    warnings: closed.length === 0 ? [] : [`closed: no key for ${closed.join(', ')}`],
  };
}

/** `ddc crypto open`. */
export const command = (): Command =>
  new Command('open')
    .description('decrypt events scope by scope with the keys of files, and merge what they hold')
    .option('--key-file <file>', 'JSON object of scope to key')
    .option('--grant-file <file>', 'what `grant --key-file` made, or the keys that the service answered')
    .option('--x25519-file <file>', 'holds the secret to which those keys are sealed (default: asks)')
    .option('--json', 'one line of JSON, scope by scope', false)
    .addHelpText(
      'after',
      '\nStdin: {app, subject, event}, or the body of a batch in client mode, whose signature is checked.',
    )
    .action((options: KeyOptions & { json: boolean }) => settle(options.json, () => openAll(options)));
