import { parse, stringify } from 'lossless-json';

/** A number of JSON that a double may not hold: its digits as written. */
export class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** Up to 15 significant digits come back from a double as they went in, as do exponents of up to two digits. */
const RISKY = /\d[\d.]{15}|[eE][+-]?\d{3}/;

/**
 * JSON of which nothing is lost: numbers are numbers, or `Digits` where a double may not be what was written. Of a member that stands twice the
 * last counts, as everywhere here.
 * @throws SyntaxError when it is no JSON; RangeError when it is nested so deep that digits cannot be kept
 */
export function parseExact(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!RISKY.test(text)) return value;
  return parse(text, null, {
    parseNumber: (digits) => (RISKY.test(digits) ? new Digits(digits) : Number(digits)),
    onDuplicateKey: ({ newValue }) => newValue,
  });
}

/** Whether JSON may hold numbers that `parseExact` keeps as `Digits`. */
export const mayHoldDigits = (text: string): boolean => RISKY.test(text);

/** JSON again, of what `parseExact` read, `Digits` as they were written. @throws RangeError when it is nested too deep */
export const exactText = (value: unknown): string =>
  stringify(value, null, undefined, [
    { test: (one) => one instanceof Digits, stringify: (one) => (one as Digits).text },
  ]) ?? 'null';
