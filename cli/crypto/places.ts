import { InvalidArgumentError } from 'commander';
import { fromHex, isHex } from '../../protocol/index.ts';
import { isObject, parseJson, readText } from './input.ts';
import { Refusal, UsageError } from './outcome.ts';

/** A u32. */
export function epochOption(text: string): number {
  const epoch = Number(text);
  if (!/^\d+$/.test(text) || epoch > 0xffff_ffff) throw new InvalidArgumentError('It must be 0 to 4294967295.');
  return epoch;
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment in milliseconds since the epoch, from a moment or a time from now. */
export function momentOption(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  if (count && unit) return Date.now() + Number(count) * (UNITS[unit] as number);
  const moment = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment))
    throw new InvalidArgumentError('It is a time from now (15m, 12h, 30d) or a moment (2030-01-31T00:00:00Z).');
  return moment;
}

/** Collects an option that may be given several times. */
export const several = (text: string, all: readonly string[] | undefined): string[] => [...(all ?? []), text];

/** 32 bytes from hex, with or without 0x. @throws UsageError */
export function bytesOption(text: string, name: string): Uint8Array {
  const hex = text.toLowerCase().replace(/^0x/, '');
  if (!isHex(hex, 32)) throw new UsageError(`${name} is 64 hex digits.`);
  return fromHex(hex);
}

/** A public key from hex or SS58. @throws UsageError */
export async function publicKeyOption(text: string, name: string): Promise<Uint8Array> {
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return bytesOption(text, name);
  const { decodeAddress } = await import('@polkadot/util-crypto');
  try {
    const key = decodeAddress(text);
    if (key.length === 32) return new Uint8Array(key);
  } catch {
    // Said below, for both.
  }
  throw new UsageError(`${name} is 64 hex digits or an SS58 address of 32 bytes.`);
}

/** Keys by scope, out of a file `{"<scope>": "<64 hex>"}`. @throws UsageError */
export function readKeyFile(path: string): ReadonlyMap<string, Uint8Array> {
  const value = parseJson(readText(path, '--key-file'));
  if (!isObject(value)) throw new UsageError('The file of --key-file is not a JSON object of scope to key.');
  return new Map(
    Object.entries(value).map(([scope, key]) => {
      if (!isHex(key, 32)) throw new UsageError('The file of --key-file: each key is 64 lower-case hex digits.');
      return [scope, fromHex(key)];
    }),
  );
}

/** @throws Refusal `no_key` */
export function keyOf(keys: ReadonlyMap<string, Uint8Array>, scope: string): Uint8Array {
  const key = keys.get(scope);
  if (key === undefined) throw new Refusal('no_key', 'The key file has no key for this scope.');
  return key;
}
