import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import type { Column, Table, Value } from '../../services/pipeline/ports/table.ts';
import { pinnedRow } from '../support/sink-row.ts';

const decimal = (precision: number, scale: number) => ({ kind: 'decimal' as const, precision, scale });

const BUYER: readonly Column[] = [
  { name: 'city', type: 'string' },
  { name: 'since', type: 'timestamp' },
  { name: 'score', type: decimal(9, 4) },
];
const LINE: readonly Column[] = [
  { name: 'sku', type: 'string' },
  { name: 'price', type: decimal(10, 3) },
  { name: 'at', type: 'timestamp' },
];
const columnsWith = (buyer: readonly Column[]): Column[] => [
  { name: 'amount', type: decimal(18, 2) },
  { name: 'quantity', type: 'long' },
  { name: 'paid_at', type: 'timestamp' },
  { name: 'day', type: 'date' },
  { name: 'buyer', type: { kind: 'record', fields: buyer } },
  { name: 'tags', type: { kind: 'list', of: 'string' } },
  { name: 'lines', type: { kind: 'list', of: { kind: 'record', fields: LINE } } },
];

const SALE_1: Table = { name: 'sale', version: 1, columns: columnsWith(BUYER) };
/** A later version adds a column, also in a record. */
const SALE_2: Table = {
  name: 'sale',
  version: 2,
  columns: [...columnsWith([...BUYER, { name: 'tier', type: 'int' }]), { name: 'coupon', type: 'string' }],
};

export const PARTITIONS = 2;
export const PER_BATCH = 10;
const WALLETS = 20;

export const walletOf = (n: number): string => n.toString(16).padStart(64, '0');
const wholeDays = (iso: string): number => Date.parse(iso) / 86_400_000;

/** Values with every corner: negative, beyond 2^53, a microsecond beside a millisecond, null, empty, null in a list. */
function valuesOf(n: number, later: boolean): Record<string, Value> {
  const at = BigInt(Date.UTC(2026, 0, 1) + n * 61_001) * 1000n + BigInt(n % 1000);
  const buyer = {
    city: n % 4 ? `Zürich ${n % 9} "北"` : null,
    since: at - 86_400_000_001n,
    score: BigInt(n % 7) - 3n,
    ...(later ? { tier: n % 3 } : {}),
  };
  const line = (i: number) => ({ sku: `sku-${n % 13}-${i}`, price: BigInt(n * i) - 500n, at: at + BigInt(i) });
  return {
    amount: n % 11 ? BigInt(n) * 101n - 5_000n : null,
    quantity: 2n ** 60n + BigInt(n),
    paid_at: n % 13 ? at : null,
    day: wholeDays('2026-02-27') + (n % 3),
    buyer: n % 17 ? buyer : null,
    tags: n % 5 ? ['new', n % 2 ? null : 'blue', ''].slice(0, 1 + (n % 3)) : n % 2 ? [] : null,
    lines: n % 6 ? Array.from({ length: n % 4 }, (_, i) => line(i)) : null,
    ...(later ? { coupon: n % 2 ? `C${n}` : null } : {}),
  };
}

/** A batch of rows; of wallets that take turns. @param later in the second version of the table */
export function saleBatch(partition: number, origin: number, later: boolean): ExportRow[] {
  const batch = origin * PARTITIONS + partition;
  return Array.from({ length: PER_BATCH }, (_, slot) => {
    const n = batch * PER_BATCH + slot;
    return pinnedRow({
      ...{ origin, slot, partition, type: 'sale', table: later ? SALE_2 : SALE_1, values: valuesOf(n, later) },
      ...{ batchId: batch.toString(16).padStart(64, '0'), wallet: walletOf(batch % WALLETS), session: `s${n % 5}` },
      time: Date.UTC(2026, 0, 1) + n * 61_001,
      verified: n % 19 > 0,
    });
  });
}
