import type { Delivery, ExportRow } from '../../services/pipeline/ports/sink.ts';
import { EVENTS, SALES_3 } from '../contract/sink-tables.ts';

/** Id of the log whose records follow from their offsets. */
export const LOG = '7e'.repeat(16);
export const APP = 'a1'.repeat(32);
const WALLETS = 20;
const DAYS = 3;

export const walletAt = (origin: number): string => (origin % WALLETS).toString(16).padStart(64, '0');

const ofTable = (origin: number, slot: number): Pick<ExportRow, 'table' | 'values'> =>
  slot === 0
    ? { table: SALES_3, values: { amount: BigInt(origin), extra: null, shop_id: BigInt(origin) } }
    : { table: EVENTS, values: { scope_purchase: `of ${origin}`, scope___default_scope: null } };

/** Three rows for each origin, of two tables and three days. */
export const rowsAt = (origin: number): ExportRow[] =>
  [0, 1, 2].map(
    (slot): ExportRow => ({
      app: APP,
      wallet: walletAt(origin),
      batchId: origin.toString(16).padStart(64, '0'),
      eventId: `event-${origin}-${slot}`,
      type: 'purchase',
      time: Date.UTC(2026, 0, 1 + ((origin + slot) % DAYS), 12),
      session: null,
      blob: null,
      signer: 'wallet',
      source: 'c3'.repeat(16),
      seq: origin,
      slot,
      origin,
      partition: 0,
      issuedAt: 1_000,
      verified: true,
      ...ofTable(origin, slot),
    }),
  );

/** Members that start at one offset do not always end at one: 1 to 7 origins, as the process has it. */
export function deliveryFrom(next: number, end: number): Delivery {
  const last = Math.min(end - 1, next + ((next + process.pid) % 7));
  return { partition: 0, from: { next, mark: next - 1 }, to: { next: last + 1, mark: last }, first: next, last };
}
