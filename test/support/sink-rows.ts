import type { Delivery, ExportRow, RowSelection } from '../../services/pipeline/ports/sink.ts';
import type { Table, Value } from '../../services/pipeline/ports/table.ts';

const APP = 'a1'.repeat(32);
const WALLET = 'b2'.repeat(32);

/** A table of a schema, as sinks are given it. */
export const PURCHASE: Table = {
  name: 'PURCHASE',
  version: 1,
  columns: [
    { name: 'amount', type: { kind: 'decimal', precision: 18, scale: 2 } },
    { name: 'itemName', type: 'string' },
    { name: 'bought_at', type: 'timestamp' },
    { name: 'tags', type: { kind: 'list', of: 'string' } },
    {
      name: 'lines',
      type: {
        kind: 'list',
        of: {
          kind: 'record',
          fields: [
            { name: 'sku', type: 'string' },
            { name: 'pieces', type: 'int' },
          ],
        },
      },
    },
  ],
};

const VALUES: Readonly<Record<string, Value>> = {
  amount: 1250n,
  itemName: 'lamp',
  bought_at: 1_767_268_800_123_456n,
  tags: ['new', 'blue'],
  lines: [
    { sku: 'x', pieces: 2 },
    { sku: 'y', pieces: 5 },
  ],
};

/** A row at a place of the log; its values as far as they differ. */
export function sinkRow(origin: number, slot: number, values = {}, fields: Partial<ExportRow> = {}): ExportRow {
  return {
    app: APP,
    wallet: WALLET,
    batchId: origin.toString(16).padStart(64, '0'),
    eventId: `01900000-0000-7000-8000-${String(origin * 1000 + slot).padStart(12, '0')}`,
    type: 'PURCHASE',
    time: Date.UTC(2026, 0, 1, 12),
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
    table: PURCHASE,
    values: { ...VALUES, ...values },
    ...fields,
  };
}

/** A delivery that covers these origins, of partition 0. */
export const deliveryOf = (first: number, last: number): Delivery => ({
  partition: 0,
  from: { next: first, mark: first - 1 },
  to: { next: last + 1, mark: last },
  first,
  last,
});

/** A removal of single events of whoever wrote those rows. */
export const removalOf = (...rows: readonly ExportRow[]): RowSelection => ({
  app: APP,
  wallet: WALLET,
  issuedAt: 1_000,
  selector: { events: rows.map(({ eventId }) => eventId) },
});
