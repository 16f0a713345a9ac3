import { Digits } from '../../pipeline/exact-json.ts';
import { Unfit } from './unfit.ts';

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

/** Neither column nor JSON tells -0 from 0. */
const unsigned = (value: number): number => (value === 0 ? 0 : value);

/** A number as written, of any size: what is before the point, what is behind it, the exponent. */
const NUMBER = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Beyond these no value fits anyway, and the digits would be many. */
const MAX_EXPONENT = 400;
const MAX_TEXT = 1_000;

interface Written {
  /** All digits, with their sign. */
  readonly digits: bigint;
  /** How many of them are behind the point; negative: zeros that are to follow. */
  readonly scale: number;
}

/** Digits and point of a number of JSON, or of one that was written as text because a double would not hold it. */
function written(value: unknown): Written {
  const text = typeof value === 'number' ? String(value) : value instanceof Digits ? value.text : value;
  if (typeof text !== 'string') throw new Unfit('wrong_type', value);
  if (text.length > MAX_TEXT) throw new Unfit('out_of_range', value);
  const parts = NUMBER.exec(text);
  if (parts === null) throw new Unfit('malformed', value);
  const [, whole = '', fraction = '', exponent] = parts;
  const shift = exponent === undefined ? 0 : Number(exponent);
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return { digits, scale: 0 };
  if (Math.abs(shift) > MAX_EXPONENT) throw new Unfit(shift > 0 ? 'out_of_range' : 'too_precise', text);
  // A sign before zeros is lost with BigInt, and with it nothing: the value is 0.
  return { digits, scale: fraction.length - shift };
}

/** The value times 10^scale, if that is whole; else `otherwise`. */
function unscaled(value: unknown, scale: number, otherwise: 'wrong_type' | 'too_precise'): bigint {
  const { digits, scale: has } = written(value);
  if (has === scale) return digits;
  if (has < scale) return digits * 10n ** BigInt(scale - has);
  const divisor = 10n ** BigInt(has - scale);
  if (digits % divisor !== 0n) throw new Unfit(otherwise, value);
  return digits / divisor;
}

export function toInt(value: unknown): number {
  if (value instanceof Digits) return toInt(Number(toLong(value)));
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Unfit('wrong_type', value);
  if (value < INT_MIN || value > INT_MAX) throw new Unfit('out_of_range', value);
  return unsigned(value);
}

/** Of a number or, since not every JSON keeps one of that size, its digits as text. */
export function toLong(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  const whole = unscaled(value, 0, 'wrong_type');
  if (whole < LONG_MIN || whole > LONG_MAX) throw new Unfit('out_of_range', value);
  return whole;
}

/** The double that is nearest to what was written. */
export function toDouble(value: unknown): number {
  const number = value instanceof Digits ? Number(value.text) : value;
  if (typeof number !== 'number') throw new Unfit('wrong_type', value);
  if (!Number.isFinite(number)) throw new Unfit('out_of_range', value);
  return unsigned(number);
}

export function toFloat(value: unknown): number {
  const float = Math.fround(toDouble(value));
  if (!Number.isFinite(float)) throw new Unfit('out_of_range', value);
  return unsigned(float);
}

/** Makes what takes a number, or its digits as text, whose digits all have their place. @returns the unscaled number */
export function toDecimal(precision: number, scale: number): (value: unknown) => bigint {
  const limit = 10n ** BigInt(precision);
  return (value) => {
    const whole = unscaled(value, scale, 'too_precise');
    if (whole >= limit || whole <= -limit) throw new Unfit('out_of_range', value);
    return whole;
  };
}
