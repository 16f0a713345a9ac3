const EARLIEST = BigInt(Date.UTC(-4700, 0)) * 1000n;
/** What JavaScript's dates reach; PostgreSQL goes further. */
const LATEST = 8_640_000_000_000_000_000n;
const DAY_MICROS = 86_400_000_000n;

const two = (n: number) => String(n).padStart(2, '0');

/** Whether PostgreSQL and this code hold it: from 4701 BC to the year 275760. */
export const holdsInstant = (micros: bigint): boolean => micros >= EARLIEST && micros <= LATEST;

/** The same for days since 1970-01-01. */
export const holdsDay = (days: number): boolean => holdsInstant(BigInt(days) * DAY_MICROS);

/** PostgreSQL reads no signs: years before 1 are marked `BC`. */
function partsOf(micros: bigint): { readonly day: string; readonly time: string; readonly era: string } {
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  const date = new Date(Number((micros - rest) / 1000n));
  const year = date.getUTCFullYear();
  const shown = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return {
    day: `${shown}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`,
    time: `${date.toISOString().slice(-13, -1)}${String(rest).padStart(3, '0')}`,
    era: year > 0 ? '' : ' BC',
  };
}

/** Microseconds since the epoch as text for `timestamptz`. */
export function instantOf(micros: bigint): string {
  const { day, time, era } = partsOf(micros);
  return `${day} ${time}+00${era}`;
}

/** Days since 1970-01-01 as text for `date`. */
export function dayOf(days: number): string {
  const { day, era } = partsOf(BigInt(days) * DAY_MICROS);
  return day + era;
}
