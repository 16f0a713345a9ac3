import { randomBytes } from 'node:crypto';
import { DEFAULT_SCOPE, type Event, toHex } from '../../protocol/index.ts';
import { uuidv7 } from '../../sdk/js/index.ts';

const optional = (type: unknown) => ({ type: ['null', type], default: null });
const decimal = (precision: number, scale: number) => ({ type: 'bytes', logicalType: 'decimal', precision, scale });
const record = (name: string, fields: readonly object[]) => ({ type: 'record', name, fields });

/** Avro schemas of the events, by type: plain columns, and among them what costs most to map. */
export const SCHEMAS: Readonly<Record<string, string>> = {
  PAGE_VIEW: JSON.stringify(
    record('View', [
      { name: 'page', type: 'string' },
      { name: 'referrer', ...optional('string') },
      { name: 'seconds', type: 'double' },
      { name: 'width', type: 'int' },
      { name: 'country', type: 'string' },
    ]),
  ),
  PURCHASE: JSON.stringify(
    record('Purchase', [
      { name: 'order', type: 'long' },
      { name: 'amount', type: decimal(18, 2) },
      { name: 'bought_at', type: { type: 'long', logicalType: 'timestamp-micros' } },
      { name: 'bought_on', type: { type: 'int', logicalType: 'date' } },
      { name: 'currency', type: 'string' },
      {
        name: 'lines',
        type: {
          type: 'array',
          items: record('Line', [
            { name: 'sku', type: 'string' },
            { name: 'pieces', type: 'int' },
          ]),
        },
      },
    ]),
  ),
};

const DAY = Date.UTC(2026, 1, 3);
const COUNTRIES = ['DE', 'FR', 'US', 'IN'];

const view = (n: number) => ({
  page: `/product/${(n * 31) % 20_000}`,
  referrer: n % 3 === 0 ? null : 'https://example.com/search?q=shoes',
  seconds: (n % 6_000) / 10,
  width: 320 + (n % 1_600),
  country: COUNTRIES[n % COUNTRIES.length],
});

const purchase = (n: number, time: string) => ({
  order: 1_000_000 + n,
  amount: `${1 + (n % 9_000)}.${String(n % 100).padStart(2, '0')}`,
  bought_at: time,
  bought_on: time.slice(0, 10),
  currency: 'EUR',
  lines: Array.from({ length: 1 + (n % 3) }, (_, i) => ({ sku: `sku-${(n * 7 + i) % 5_000}`, pieces: 1 + (i % 4) })),
});

/** The nth event of a day: four of five are page views, the fifth is a purchase. */
export function typedEvent(n: number): Event {
  const at = DAY + ((n * 37) % 86_000_000);
  const time = new Date(at).toISOString();
  const type = n % 5 === 4 ? 'PURCHASE' : 'PAGE_VIEW';
  const data = JSON.stringify(type === 'PURCHASE' ? purchase(n, time) : view(n));
  return {
    id: uuidv7(at, randomBytes(10)),
    type,
    time,
    session: toHex(randomBytes(8)),
    scopes: { [DEFAULT_SCOPE]: { salt: toHex(randomBytes(16)), data } },
  };
}
