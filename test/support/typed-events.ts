import type { Event } from '../../protocol/index.ts';
import { testEvent } from './signed-batches.ts';

/** A purchase as its author means it. */
export interface Purchase {
  readonly order: bigint;
  /** Cents. */
  readonly amount: bigint;
  readonly boughtAt: string;
  readonly boughtOn: string;
  readonly lines: readonly { readonly sku: string; readonly pieces: number }[];
  readonly customer: string;
  readonly country: string;
}

const decimal = (precision: number, scale: number) => ({ type: 'bytes', logicalType: 'decimal', precision, scale });
const optional = (type: unknown) => ({ type: ['null', type], default: null });

const PURCHASE = [
  { name: 'order', type: 'long', 'ddc.scope': 'purchase' },
  { name: 'amount', type: decimal(18, 2), 'ddc.scope': 'purchase' },
  { name: 'bought_at', type: { type: 'long', logicalType: 'timestamp-micros' } },
  { name: 'bought_on', type: { type: 'int', logicalType: 'date' } },
  {
    name: 'lines',
    type: {
      type: 'array',
      items: {
        type: 'record',
        name: 'Line',
        fields: [
          { name: 'sku', type: 'string' },
          { name: 'pieces', type: 'int' },
        ],
      },
    },
  },
  { name: 'customer', ...optional('string'), 'ddc.scope': 'profile' },
];
const record = (name: string, fields: readonly object[]) => JSON.stringify({ type: 'record', name, fields });

/** Of purchases; the second version knows the country, which was in the data all along. */
export const PURCHASE_1 = record('Purchase', PURCHASE);
export const PURCHASE_2 = record('Purchase', [...PURCHASE, { name: 'country', ...optional('string') }]);
export const VIEW_1 = record('View', [{ name: 'seconds', type: 'double' }]);

/** The nth purchase: numbers that no double holds, instants with microseconds. */
export function purchase(n: number): Purchase {
  const day = `2026-0${1 + (n % 3)}-1${n % 10}`;
  return {
    order: 9_007_199_254_740_993n + BigInt(n),
    amount: 1_234_567_890_123_456n + BigInt(n),
    boughtAt: `${day} 01:02:03.${String(100_001 + 10 * n).padStart(6, '0')}+00`,
    boughtOn: day,
    lines: Array.from({ length: n % 3 }, (_, i) => ({ sku: `sku "${i}"`, pieces: n })),
    customer: `Ann ${n} é`,
    country: n % 2 === 0 ? 'DE' : 'FR',
  };
}

/** Its event. JSON is written by hand: `JSON.stringify` has no number of 19 digits. */
export function purchaseEvent(
  index: number,
  { order, amount, boughtAt, boughtOn, lines, customer, country }: Purchase,
): Event {
  const data = [
    `"order":${order}`,
    `"amount":${amount / 100n}.${String(amount % 100n).padStart(2, '0')}`,
    `"bought_at":${JSON.stringify(`${boughtAt.replace(' ', 'T').replace('+00', 'Z')}`)}`,
    `"bought_on":${JSON.stringify(boughtOn)}`,
    `"lines":${JSON.stringify(lines)}`,
    `"country":${JSON.stringify(country)}`,
  ].join();
  const scopes = { purchase: `{${data}}`, profile: JSON.stringify({ customer }) };
  return { ...testEvent(index, scopes), type: 'PURCHASE' };
}

export const eventOf = (index: number, type: string, data: string): Event => ({
  ...testEvent(index, { purchase: data }),
  type,
});
