import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { EVENTS } from '../contract/sink-tables.ts';

/** A row of `events`. */
export const pinnedRow = (fields: Partial<ExportRow> & Pick<ExportRow, 'origin' | 'slot'>): ExportRow => ({
  ...{ app: 'a1'.repeat(32), wallet: 'b2'.repeat(32), type: 'purchase', time: Date.UTC(2026, 0, 1) },
  ...{ batchId: fields.origin.toString(16).padStart(64, '0') },
  ...{ eventId: `01900000-0000-7000-8000-${String(fields.origin * 1000 + fields.slot).padStart(12, '0')}` },
  ...{ session: null, blob: null, signer: 'wallet', source: 'c3'.repeat(16), seq: fields.origin, partition: 0 },
  ...{ issuedAt: 1_000, verified: true, table: EVENTS, values: { scope_purchase: '{"amount":"12.30"}' } },
  ...fields,
});
