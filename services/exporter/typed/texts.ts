import { Unfit } from './unfit.ts';

/** Half of a character stands in no UTF-8, and U+0000 in no text of PostgreSQL. */
export function toText(value: unknown): string {
  if (typeof value !== 'string') throw new Unfit('wrong_type', value);
  if (!value.isWellFormed() || value.includes('\0')) throw new Unfit('malformed', value);
  return value;
}

export function toSymbol(symbols: readonly string[]): (value: unknown) => string {
  const known = new Set(symbols);
  return (value) => {
    const text = toText(value);
    if (!known.has(text)) throw new Unfit('not_in_enum', value);
    return text;
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** As it is: also its upper case. */
export function toUuid(value: unknown): string {
  const text = toText(value);
  if (!UUID.test(text)) throw new Unfit('malformed', value);
  return text;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Of base64 with padding, which is the one way to write them. */
export function toBytes(length: number | undefined): (value: unknown) => Uint8Array {
  return (value) => {
    const text = toText(value);
    const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : null;
    // Bits behind the last byte could say something that is lost.
    if (bytes === null || bytes.toString('base64') !== text) throw new Unfit('malformed', value);
    if (length !== undefined && bytes.length !== length) throw new Unfit('out_of_range', value);
    return new Uint8Array(bytes);
  };
}
