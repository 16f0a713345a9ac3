import { concat, toHex, utf8 } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { blake2b512 } from './hash.ts';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const KEY = 32;
const CHECKSUM = 2;
/** Two bytes of prefix, key and checksum: 50 characters at most. What is longer is not even looked at. */
const MOST_CHARACTERS = 50;
const LAST_PREFIX = 16_383;
const PRE = 'SS58PRE';

/** A 32-byte public key, and the number of the network that its address names. */
export interface Address {
  /** 0 to 16,383; 2 is Kusama and many sandboxes, 42 any Substrate chain, 54 Cere. */
  readonly prefix: number;
  readonly key: Uint8Array;
}

/** Whether a number can stand in front of an address: 46 and 47 are reserved. */
export const isSs58Prefix = (prefix: number): boolean =>
  Number.isInteger(prefix) && prefix >= 0 && prefix <= LAST_PREFIX && prefix !== 46 && prefix !== 47;

/**
 * The address of a 32-byte public key, as Substrate writes it: base58 of prefix ‖ key ‖ the first two bytes of BLAKE2b-512("SS58PRE" ‖ prefix ‖ key).
 * @see https://docs.polkadot.com/reference/parachains/accounts/ (SS58)
 * @example encodeSs58({ prefix: 42, key }) // '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
 * @throws ProtocolError `ss58`
 */
export function encodeSs58({ prefix, key }: Address): string {
  if (key.length !== KEY || !isSs58Prefix(prefix)) throw new ProtocolError('ss58');
  const body = concat(prefixBytes(prefix), key);
  return toBase58(concat(body, checksum(body)));
}

/**
 * The key that an address names, whatever its prefix. There is one spelling of each.
 * @throws ProtocolError `ss58`: other characters, another length, a prefix that is reserved or not written in its shortest form, a checksum that does not fit
 */
export function decodeSs58(text: string): Address {
  if (text.length > MOST_CHARACTERS) throw new ProtocolError('ss58');
  const bytes = fromBase58(text);
  const head = (bytes[0] ?? 255) < 64 ? 1 : 2;
  if (bytes.length !== head + KEY + CHECKSUM) throw new ProtocolError('ss58');
  const prefix = prefixOf(bytes);
  const body = bytes.subarray(0, head + KEY);
  if (toHex(checksum(body)) !== toHex(bytes.subarray(head + KEY))) throw new ProtocolError('ss58');
  return { prefix, key: bytes.slice(head, head + KEY) };
}

const checksum = (body: Uint8Array): Uint8Array => blake2b512(concat(utf8(PRE), body)).slice(0, CHECKSUM);

/** Below 64 one byte; else fourteen bits in two, the first marked by 01 in front: 01aaaaaa bbcccccc of cccccc aaaaaabb. */
const prefixBytes = (prefix: number): Uint8Array =>
  prefix < 64
    ? Uint8Array.of(prefix)
    : Uint8Array.of(((prefix & 0b1111_1100) >> 2) | 0b0100_0000, (prefix >> 8) | ((prefix & 0b11) << 6));

function prefixOf(bytes: Uint8Array): number {
  const [first = 255, second = 0] = bytes;
  const prefix = first < 64 ? first : ((first & 0b0011_1111) << 2) | (second >> 6) | ((second & 0b0011_1111) << 8);
  if (first >= 128 || !isSs58Prefix(prefix) || (first >= 64 && prefix < 64)) throw new ProtocolError('ss58');
  return prefix;
}

/** Leading zero bytes are leading 1s. */
function toBase58(bytes: Uint8Array): string {
  let rest = BigInt(`0x${toHex(bytes)}`);
  let text = '';
  for (; rest > 0n; rest /= 58n) text = (ALPHABET[Number(rest % 58n)] as string) + text;
  return '1'.repeat(leadingZeros(bytes)) + text;
}

function fromBase58(text: string): Uint8Array {
  const digits = Array.from(text, (character) => ALPHABET.indexOf(character));
  if (digits.includes(-1)) throw new ProtocolError('ss58');
  let rest = digits.reduce((sum, digit) => sum * 58n + BigInt(digit), 0n);
  const bytes: number[] = [];
  for (; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 255n));
  return Uint8Array.from([...new Array<number>(leadingZeros(digits)).fill(0), ...bytes]);
}

function leadingZeros(values: ArrayLike<number>): number {
  let count = 0;
  while (count < values.length && values[count] === 0) count++;
  return count;
}
