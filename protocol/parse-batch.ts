import { type Batch, type ClientPart, MAX_BODY } from './batch.ts';
import { fromBase64url, fromHex, fromUtf8, isHex } from './bytes.ts';
import { HARMLESS_LENGTH, isTooDeep } from './depth.ts';
import { envelopeEpoch } from './envelope.ts';
import { onLine, ProtocolError } from './errors.ts';
import { type Event, isEnvelopeText, members, parseEvent, unknownMember } from './event.ts';
import { type Header, MAX_COUNT, parseHeader } from './header.ts';
import { checkEpoch } from './keys.ts';

const LF = 0x0a;

/** JSON.parse with refusals of our own: its messages quote the text, which may be someone's data. */
export function parseJson(text: string): unknown {
  if (text.length > HARMLESS_LENGTH && isTooDeep(text)) throw new ProtocolError('depth');
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolError(isTooDeep(text) ? 'depth' : 'json');
  }
}

/** Reads a value out of JSON text; where it is refused and nested too deep, that is the reason given. */
function readJson<T>(text: string, read: (value: unknown) => T): T {
  const value = parseJson(text);
  try {
    return read(value);
  } catch (error) {
    throw error instanceof ProtocolError && isTooDeep(text) ? new ProtocolError('depth') : error;
  }
}

function readClientPart(subject: unknown, epoch: unknown, meta: unknown): ClientPart {
  if (subject === undefined || epoch === undefined || meta === undefined) throw new ProtocolError('client');
  if (!isHex(subject, 32)) throw new ProtocolError('subject');
  checkEpoch(epoch as number);
  if (!isEnvelopeText(meta)) throw new ProtocolError('envelope', 'meta');
  const client = { subject: fromHex(subject), epoch: epoch as number, meta: fromBase64url(meta) };
  if (envelopeEpoch(client.meta) !== client.epoch) throw new ProtocolError('epoch', 'meta');
  return client;
}

function readFirst(value: unknown): { header: Header; client?: ClientPart } {
  const line = members(value, 'header');
  if (line.subject === undefined && line.epoch === undefined && line.meta === undefined)
    return { header: parseHeader(value) };
  const { subject, epoch, meta, ...header } = line;
  return { header: parseHeader(header), client: readClientPart(subject, epoch, meta) };
}

/** On the wire a scope is either complete or sealed, as the header line says. */
function readEvent(value: unknown, client: ClientPart | undefined): Event {
  const event = parseEvent(value);
  for (const name in event.scopes) {
    const scope = event.scopes[name];
    if (scope === undefined) continue;
    if (client === undefined) {
      if (!('data' in scope)) throw new ProtocolError('client');
    } else if (!('envelope' in scope)) {
      throw new ProtocolError('client');
    } else if (envelopeEpoch(fromBase64url(scope.envelope)) !== client.epoch) {
      throw new ProtocolError('epoch', 'envelope');
    }
  }
  return event;
}

/** Decodes a body; a refusal names the first line that is not UTF-8. */
function decodeLines(body: Uint8Array): string {
  try {
    return fromUtf8(body);
  } catch (error) {
    let line = 1;
    for (let start = 0; start < body.length; line++) {
      const end = body.indexOf(LF, start);
      const stop = end < 0 ? body.length : end;
      onLine(line, () => fromUtf8(body.subarray(start, stop)));
      start = stop + 1;
    }
    throw error;
  }
}

function parseNdjson(body: Uint8Array): Batch {
  const text = decodeLines(body);
  let first: { header: Header; client?: ClientPart } | undefined;
  const readLine = (value: unknown) => readEvent(value, first?.client);
  const events: Event[] = [];
  let start = 0;
  let number = 0;
  // The LF after the last line may be missing; an empty body is a blank first line.
  do {
    number += 1;
    const lf = text.indexOf('\n', start);
    const end = lf < 0 ? text.length : lf;
    const line = text.slice(start, end);
    start = end + 1;
    try {
      if (line.trim() === '') throw new ProtocolError('blank_line');
      if (line.endsWith('\r')) throw new ProtocolError('line_end');
      if (first === undefined) first = readJson(line, readFirst);
      else if (number > MAX_COUNT + 1) throw new ProtocolError('count');
      else events.push(readJson(line, readLine));
    } catch (error) {
      throw error instanceof ProtocolError ? error.at(number) : error;
    }
  } while (start < text.length);
  if (first === undefined) throw new ProtocolError('blank_line', undefined, 1);
  return { ...first, events };
}

function parseWhole(body: Uint8Array): Batch {
  return readJson(fromUtf8(body), (value) => {
    const whole = members(value, 'body');
    for (const name in whole) if (name !== 'header' && name !== 'events') throw unknownMember(name, 'the body');
    const { header, events } = whole;
    const first = onLine(1, () => readFirst(header));
    if (!Array.isArray(events)) throw new ProtocolError('body');
    if (events.length > MAX_COUNT) throw new ProtocolError('count', undefined, 1);
    return { ...first, events: events.map((event: unknown, i) => onLine(i + 2, () => readEvent(event, first.client))) };
  });
}

/**
 * Parses a request body, all or nothing. The form of every field is checked here; signature, count and ids by `verifyBatch`.
 * @param body decoded bytes, at most 2,000,000. @param format `json` is `{header, events}`.
 * @throws ProtocolError naming the line (1 is the header): `body_too_large`, `utf8`, `json`, `depth`, `count`, or the code of a malformed member.
 */
export function parseBatch(body: Uint8Array, format: 'ndjson' | 'json'): Batch {
  if (body.length > MAX_BODY) throw new ProtocolError('body_too_large');
  const batch = format === 'ndjson' ? parseNdjson(body) : parseWhole(body);
  if (batch.header.count !== batch.events.length) throw new ProtocolError('count', undefined, 1);
  return batch;
}
