import { concat, fromUtf8, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';

/** What signed bodies are made of. No floats, negative numbers, booleans, null or links: nothing signed needs them. */
export type Cbor = number | string | Uint8Array | Cbor[] | { [name: string]: Cbor };

const UINT = 0;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
/** The deepest body is a list in a map. */
const MAX_DEPTH = 4;

/** Shorter names first, then by bytes: the order of DAG-CBOR. */
function compareNames(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return 0;
}

function head(major: number, n: number): Uint8Array {
  if (!Number.isSafeInteger(n) || n < 0 || Object.is(n, -0)) throw new ProtocolError('cbor', 'a number');
  const type = major << 5;
  if (n < 24) return Uint8Array.of(type | n);
  const size = n < 2 ** 8 ? 1 : n < 2 ** 16 ? 2 : n < 2 ** 32 ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  bytes[0] = type | (size === 1 ? 24 : size === 2 ? 25 : size === 4 ? 26 : 27);
  for (let i = size, rest = n; i > 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

/**
 * The canonical bytes of a value (https://ipld.io/specs/codecs/dag-cbor/spec/).
 * @throws ProtocolError `cbor` on a number that is no integer from 0 to 2^53-1, `utf8` on lone surrogates.
 */
export function encodeCbor(value: Cbor): Uint8Array {
  if (typeof value === 'number') return head(UINT, value);
  if (typeof value === 'string') {
    const text = utf8(value);
    return concat(head(TEXT, text.length), text);
  }
  if (value instanceof Uint8Array) return concat(head(BYTES, value.length), value);
  if (Array.isArray(value)) return concat(head(LIST, value.length), ...value.map(encodeCbor));
  const members = Object.entries(value)
    .map(([name, member]) => [utf8(name), member] as const)
    .sort(([a], [b]) => compareNames(a, b));
  return concat(
    head(MAP, members.length),
    ...members.flatMap(([name, member]) => [head(TEXT, name.length), name, encodeCbor(member)]),
  );
}

/** Reads values from the front of some bytes, never beyond their end. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #deepest: number;
  #at = 0;

  constructor(bytes: Uint8Array, deepest: number) {
    this.#bytes = bytes;
    this.#deepest = deepest;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(length: number): Uint8Array {
    if (length > this.left) throw new ProtocolError('cbor', 'cut short');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #head(): [major: number, n: number] {
    const [first] = this.#take(1) as Uint8Array & [number];
    const major = first >> 5;
    const minor = first & 31;
    if (major !== UINT && major !== BYTES && major !== TEXT && major !== LIST && major !== MAP)
      throw new ProtocolError('cbor', 'a type');
    if (minor < 24) return [major, minor];
    if (minor > 27) throw new ProtocolError('canonical', 'a length');
    const size = 2 ** (minor - 24);
    let n = 0;
    for (const byte of this.#take(size)) n = n * 256 + byte;
    if (n < (size === 1 ? 24 : 256 ** (size / 2))) throw new ProtocolError('canonical', 'a length');
    if (n > Number.MAX_SAFE_INTEGER) throw new ProtocolError('cbor', 'a number');
    return [major, n];
  }

  value(depth: number): Cbor {
    if (depth > this.#deepest) throw new ProtocolError('cbor', 'nested too deep');
    const [major, n] = this.#head();
    if (major === UINT) return n;
    if (major === BYTES) return this.#take(n).slice();
    if (major === TEXT) return fromUtf8(this.#take(n));
    // Every element takes a byte at least, so a count alone reserves nothing.
    if (n > this.left) throw new ProtocolError('cbor', 'cut short');
    return major === LIST ? Array.from({ length: n }, () => this.value(depth + 1)) : this.#map(n, depth);
  }

  #map(count: number, depth: number): Cbor {
    const map: { [name: string]: Cbor } = {};
    let last: Uint8Array | undefined;
    for (let i = 0; i < count; i++) {
      const [major, length] = this.#head();
      if (major !== TEXT) throw new ProtocolError('cbor', 'a map key');
      const bytes = this.#take(length);
      if (last !== undefined && compareNames(last, bytes) >= 0) throw new ProtocolError('canonical', 'map keys');
      last = bytes;
      const name = fromUtf8(bytes);
      if (name === '__proto__') throw new ProtocolError('proto');
      map[name] = this.value(depth + 1);
    }
    return map;
  }
}

/**
 * Reads exactly one value, nested at most `deepest` deep (4 when absent); only its canonical bytes are accepted, so that a value has one encoding and one hash.
 * @throws ProtocolError `cbor`, `canonical`, `utf8`, `proto`.
 */
export function decodeCbor(bytes: Uint8Array, deepest = MAX_DEPTH): Cbor {
  const reader = new Reader(bytes, deepest);
  const value = reader.value(0);
  if (reader.left > 0) throw new ProtocolError('cbor', 'bytes after the value');
  return value;
}
