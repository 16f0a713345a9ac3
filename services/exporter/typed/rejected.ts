import { REJECTED_COLUMNS, REJECTED_TABLE, type Table } from '../../pipeline/ports/table.ts';
import type { OpenedEvent, RowContent } from '../opened-event.ts';
import type { Rejection } from './unfit.ts';

const table: Table = { name: REJECTED_TABLE, version: 0, columns: REJECTED_COLUMNS };

/** Of an event that has no row in the table of its type. */
export const rejectedRow = ({ type }: OpenedEvent, reason: Rejection, detail: string): RowContent => ({
  table,
  values: { of: type, reason, detail },
});
