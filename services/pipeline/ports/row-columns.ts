import type { ExportRow } from './sink.ts';
import type { Column, Value } from './table.ts';

/** A column that every row has, whatever its table. */
export interface CommonColumn extends Column {
  /** All rows of a batch have the same value: who writes columns need not write it for each of them. */
  readonly ofBatch?: true;
  readonly of: (row: ExportRow) => Value;
}

/** One big integer of most times, and not three. */
function micros(milliseconds: number): bigint {
  const whole = milliseconds * 1000;
  return Number.isSafeInteger(whole) ? BigInt(whole) : BigInt(milliseconds) * 1000n;
}

/** The columns of every row in every target, in order, before those of its table. */
export const COMMON_COLUMNS: readonly CommonColumn[] = [
  { name: 'app', type: 'string', of: (row) => row.app, ofBatch: true },
  { name: 'wallet', type: 'string', of: (row) => row.wallet, ofBatch: true },
  { name: 'batch_id', type: 'string', of: (row) => row.batchId, ofBatch: true },
  { name: 'event_id', type: 'string', of: (row) => row.eventId },
  { name: 'type', type: 'string', of: (row) => row.type },
  { name: 'time', type: 'timestamp', of: (row) => micros(row.time) },
  { name: 'session', type: 'string', of: (row) => row.session },
  { name: 'blob', type: 'string', of: (row) => row.blob },
  { name: 'signer', type: 'string', of: (row) => row.signer, ofBatch: true },
  { name: 'source', type: 'string', of: (row) => row.source, ofBatch: true },
  { name: 'seq', type: 'long', of: (row) => BigInt(row.seq), ofBatch: true },
  { name: 'slot', type: 'int', of: (row) => row.slot },
  { name: 'origin', type: 'long', of: (row) => BigInt(row.origin), ofBatch: true },
  { name: 'partition', type: 'int', of: (row) => row.partition, ofBatch: true },
  { name: 'issued_at', type: 'timestamp', of: (row) => micros(row.issuedAt), ofBatch: true },
  { name: 'verified', type: 'boolean', of: (row) => row.verified, ofBatch: true },
];

/** Whether two rows have the same values in all columns that are `ofBatch`. */
export const sameBatch = (a: ExportRow, b: ExportRow): boolean =>
  a.batchId === b.batchId &&
  a.wallet === b.wallet &&
  a.origin === b.origin &&
  a.partition === b.partition &&
  a.seq === b.seq &&
  a.source === b.source &&
  a.issuedAt === b.issuedAt &&
  a.signer === b.signer &&
  a.verified === b.verified &&
  a.app === b.app;

/** Names that no table may give a column of its own, folded: those of every row, and `dt`, the day in the names of folders. */
export const TAKEN_NAMES: ReadonlySet<string> = new Set([...COMMON_COLUMNS.map(({ name }) => name), 'dt']);

/** The common columns of a row that was read back, by their names. Times must be whole milliseconds, as `of` makes them. */
export function commonFrom(values: Readonly<Record<string, Value | undefined>>): Omit<ExportRow, 'table' | 'values'> {
  const text = (name: string) => String(values[name]);
  const textOrNull = (name: string) => (typeof values[name] === 'string' ? values[name] : null);
  const milliseconds = (name: string) => Number(values[name]) / 1000;
  return {
    app: text('app'),
    wallet: text('wallet'),
    batchId: text('batch_id'),
    eventId: text('event_id'),
    type: text('type'),
    time: milliseconds('time'),
    session: textOrNull('session'),
    blob: textOrNull('blob'),
    signer: text('signer') === 'app' ? 'app' : 'wallet',
    source: text('source'),
    seq: Number(values.seq),
    slot: Number(values.slot),
    origin: Number(values.origin),
    partition: Number(values.partition),
    issuedAt: milliseconds('issued_at'),
    verified: values.verified === true,
  };
}
