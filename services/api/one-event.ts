import { fromUtf8, ProtocolError } from '../../protocol/index.ts';

const [QUOTE, BACKSLASH, COLON, COMMA, OPEN, CLOSE] = [0x22, 0x5c, 0x3a, 0x2c, 0x7b, 0x7d];
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);
const OPENS = new Set([0x7b, 0x5b]);
const CLOSES = new Set([0x7d, 0x5d]);

const HEAD = Buffer.from('{"header":');
const EVENTS = Buffer.from(',"events":[');
const TAIL = Buffer.from(']}');

/**
 * `{header, event}` as the batch `{header, events: [event]}`, both values byte for byte as they came: text is hashed as sent. Only the outermost
 * braces are read here; what stands between them is parsed once, as part of the batch. Of a member that comes twice the last one counts.
 * @throws ProtocolError `body`, `json`, `field`, `proto`, `utf8`
 */
export function asBatch(body: Uint8Array): Uint8Array {
  const { header, event } = outerMembers(body);
  if (!header || !event) throw new ProtocolError('body');
  return Buffer.concat([HEAD, header, EVENTS, event, TAIL]);
}

function outerMembers(body: Uint8Array): { header?: Uint8Array; event?: Uint8Array } {
  const found: { header?: Uint8Array; event?: Uint8Array } = {};
  let at = skipSpaces(body, 0);
  if (body[at] !== OPEN) throw new ProtocolError('body');
  at = skipSpaces(body, at + 1);
  while (body[at] !== CLOSE) {
    const end = stringEnd(body, at);
    const name = nameIn(body.subarray(at, end));
    at = skipSpaces(body, end);
    if (body[at] !== COLON) throw new ProtocolError('json');
    const from = at + 1;
    at = valueEnd(body, from);
    if (name !== 'header' && name !== 'event') throw strange(name);
    found[name] = body.subarray(from, at);
    if (body[at] === COMMA) {
      at = skipSpaces(body, at + 1);
      if (body[at] !== QUOTE) throw new ProtocolError('json');
    }
  }
  if (skipSpaces(body, at + 1) !== body.length) throw new ProtocolError('json');
  return found;
}

const strange = (name: string) =>
  name === '__proto__' ? new ProtocolError('proto') : new ProtocolError('field', 'in the body');

function skipSpaces(body: Uint8Array, from: number): number {
  let at = from;
  while (SPACES.has(body[at] as number)) at += 1;
  return at;
}

/** Behind the closing quote. */
function stringEnd(body: Uint8Array, from: number): number {
  if (body[from] !== QUOTE) throw new ProtocolError('json');
  for (let at = from + 1; at < body.length; at += 1) {
    if (body[at] === BACKSLASH) at += 1;
    else if (body[at] === QUOTE) return at + 1;
  }
  throw new ProtocolError('json');
}

/** Where the comma or brace behind a value stands; whether it is a value shows when it is parsed. */
function valueEnd(body: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < body.length; at += 1) {
    const byte = body[at] as number;
    if (byte === QUOTE) at = stringEnd(body, at) - 1;
    else if (OPENS.has(byte)) depth += 1;
    else if (depth === 0 && (byte === COMMA || byte === CLOSE)) return at;
    else if (CLOSES.has(byte) && --depth < 0) break;
  }
  throw new ProtocolError('json');
}

function nameIn(quoted: Uint8Array): string {
  const text = fromUtf8(quoted);
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new ProtocolError('json');
  }
}
