import { fromHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { sodium } from '../sodium.ts';
import { type Generation, RULES } from './generation.ts';

/** A place that a refusal may show; names of unusual characters could be someone's data. */
export const shownPlace = (place: string): string => (/^[$\w.[\]-]{1,64}$/.test(place) ? place : 'a place');

/** Whether a value has the form of a ciphertext of this generation. Whether it is one only its tag can tell. */
export function looksEncrypted(generation: Generation, value: unknown): value is string {
  const { prefix, digits, minimum } = RULES[generation];
  if (typeof value !== 'string' || !value.startsWith(prefix)) return false;
  const length = value.length - prefix.length;
  return length % 2 === 0 && length >= 2 * minimum && digits.test(value.slice(prefix.length));
}

/** The bytes of a ciphertext in its text form. @throws ProtocolError `hex`, `length` */
export function ciphertextOf(generation: Generation, text: string, place: string): Uint8Array {
  const { prefix, digits, minimum } = RULES[generation];
  const hex = text.slice(prefix.length);
  if (!text.startsWith(prefix) || hex.length % 2 !== 0 || !digits.test(hex))
    throw new ProtocolError('hex', `${generation} at ${shownPlace(place)}`);
  if (hex.length < 2 * minimum) throw new ProtocolError('length', `${generation} at ${shownPlace(place)}`);
  return fromHex(hex.toLowerCase());
}

/** Opens with the key of the place. @throws ProtocolError `tag`, `length`, `legacy_master` */
export function openAt(generation: Generation, ciphertext: Uint8Array, master: Uint8Array, place: string): Uint8Array {
  const key = RULES[generation].key(master, place);
  try {
    return openWith(generation, ciphertext, key, place);
  } finally {
    sodium.memzero(key);
  }
}

/** Opens with this very key. @throws ProtocolError `tag`, `length` */
export function openWith(generation: Generation, ciphertext: Uint8Array, key: Uint8Array, place: string): Uint8Array {
  const { minimum, open } = RULES[generation];
  if (ciphertext.length < minimum) throw new ProtocolError('length', `${generation} at ${shownPlace(place)}`);
  try {
    return open(ciphertext, key);
  } catch {
    // libsodium says no more than that it failed.
    throw new ProtocolError('tag', `${generation} at ${shownPlace(place)}`);
  }
}
