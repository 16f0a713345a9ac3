import { fromHex, isHex } from '../../protocol/index.ts';
import { isObject, parseJson, readText } from '../crypto/input.ts';
import { UsageError } from '../crypto/outcome.ts';

export const HOW_TO_PIN =
  "Give --operator-key: the operator's receipt key in hex, or a file with it, kept since you first met the operator (it is at /v1/receipt-key; a key that comes with the receipt proves nothing).";

/** The pinned key from hex, from a file with hex, or from a kept answer of `/v1/receipt-key`. @throws UsageError */
export function operatorKey(given: string): Uint8Array {
  if (isHex(given, 32)) return fromHex(given, 32);
  const text = readText(given, '--operator-key').trim();
  const value = parseJson(text);
  // Exactly that: a receipt also has a `key`, and would vouch for itself.
  const hex = isObject(value) && Object.keys(value).join() === 'key' ? value.key : text;
  if (!isHex(hex, 32)) throw new UsageError('--operator-key is 64 lower-case hex digits, or a file that holds them.');
  return fromHex(hex, 32);
}
