// Bodies of requests, from docs/formats.md ("Requests"). Written by @ipld/dag-cbor; read by hand, since that library does not say which rule was broken.
import { encode } from '@ipld/dag-cbor';
import { anyHex, hex, need, textOf, toInt } from './bytes.mjs';

export { encode };

export function decode(bytes) {
  let at = 0;
  const take = (size) => {
    need(size <= bytes.length - at, 'cbor');
    at += size;
    return bytes.slice(at - size, at);
  };
  const head = () => {
    const [first] = take(1);
    const major = first >> 5;
    const short = first & 31;
    need([0, 2, 3, 4, 5].includes(major), 'cbor');
    if (short < 24) return [major, short];
    need(short < 28, 'canonical');
    const size = 2 ** (short - 24);
    const n = toInt(take(size));
    need(n >= (size === 1 ? 24n : 1n << BigInt(4 * size)), 'canonical');
    need(n < 1n << 53n, 'cbor');
    return [major, Number(n)];
  };
  /** `above`: in how many others the value lies. */
  const value = (above) => {
    need(above <= 4, 'cbor');
    const [major, n] = head();
    if (major === 0) return n;
    if (major === 2) return take(n);
    if (major === 3) return textOf(take(n));
    need(n <= bytes.length - at, 'cbor');
    return major === 4 ? Array.from({ length: n }, () => value(above + 1)) : map(n, above);
  };
  const map = (n, above) => {
    const read = {};
    let last;
    for (let i = 0; i < n; i++) {
      const [major, length] = head();
      need(major === 3, 'cbor');
      const name = take(length);
      need(
        last === undefined || last.length < length || (last.length === length && hex(last) < hex(name)),
        'canonical',
      );
      last = name;
      const text = textOf(name);
      need(text !== '__proto__', 'proto');
      read[text] = value(above + 1);
    }
    return read;
  };
  const read = value(0);
  need(at === bytes.length, 'cbor');
  return read;
}

/** What was decoded, in JSON: byte strings in hex. */
export function shown(value) {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shown(member)]));
}
/** What is to be encoded, from JSON: `{bytes: hex}` is a byte string. */
export function marked(value) {
  if (Array.isArray(value)) return value.map(marked);
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.bytes === 'string') return anyHex(value.bytes);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, marked(member)]));
}
