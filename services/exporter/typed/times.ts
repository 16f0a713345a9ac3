import { toLong } from './numbers.ts';
import { Unfit } from './unfit.ts';

const DAY_MS = 86_400_000;
/** Years 1 to 9999: what SQL, Spark and Parquet readers agree on. */
const FIRST_DAY = Date.parse('0001-01-01') / DAY_MS;
const LAST_DAY = Date.parse('9999-12-31') / DAY_MS;
const FIRST_MICROS = BigInt(FIRST_DAY * DAY_MS) * 1000n;
const END_MICROS = BigInt((LAST_DAY + 1) * DAY_MS) * 1000n;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** Its time is always midnight. */
const calendar = new Date(0);

/** Days since the epoch of a text that is a day of the calendar. */
function dayOf(text: string): number | null {
  if (!DAY.test(text)) return null;
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))];
  // 30 February becomes 2 March; no text is made to see it, of every day of every row.
  const milliseconds = calendar.setUTCFullYear(year, month - 1, day);
  if (calendar.getUTCDate() !== day || calendar.getUTCMonth() !== month - 1) return null;
  return milliseconds / DAY_MS;
}

/** `YYYY-MM-DD`, or days since the epoch as a number. */
export function toDate(value: unknown): number {
  if (typeof value !== 'number' && typeof value !== 'string') throw new Unfit('wrong_type', value);
  if (typeof value === 'number' && !Number.isInteger(value)) throw new Unfit('wrong_type', value);
  const day = typeof value === 'number' ? value : dayOf(value);
  if (day === null) throw new Unfit('malformed', value);
  if (day < FIRST_DAY || day > LAST_DAY) throw new Unfit('out_of_range', value);
  return day === 0 ? 0 : day;
}

/** Microseconds of a text of ISO 8601 with a zone. */
function microsOf(text: string): bigint {
  const [, day = '', time = '', fraction = '', zone = ''] = INSTANT.exec(text) ?? [];
  const milliseconds = dayOf(day) === null ? Number.NaN : Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  // V8 takes 24:00:00 for the next day; nobody else has to.
  if (Number.isNaN(milliseconds) || time.startsWith('24')) throw new Unfit('malformed', text);
  if (/[1-9]/.test(fraction.slice(6))) throw new Unfit('too_precise', text);
  return BigInt(milliseconds) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

/** Makes what takes ISO 8601 with a zone, or a number in the unit of the schema. @returns microseconds since the epoch */
export function toTimestamp(unit: 'ms' | 'us'): (value: unknown) => bigint {
  return (value) => {
    const micros = typeof value === 'string' ? microsOf(value) : toLong(value) * (unit === 'ms' ? 1000n : 1n);
    if (micros < FIRST_MICROS || micros >= END_MICROS) throw new Unfit('out_of_range', value);
    return micros;
  };
}
