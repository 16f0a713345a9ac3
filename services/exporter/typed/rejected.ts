import type { ExportRow } from '../../pipeline/ports/sink.ts';
import { REJECTED_COLUMNS, REJECTED_TABLE, type Table } from '../../pipeline/ports/table.ts';
import type { OpenedEvent } from '../opened-event.ts';
import { rowOf } from '../row-of.ts';
import type { Rejection } from './unfit.ts';

const table: Table = { name: REJECTED_TABLE, version: 0, columns: REJECTED_COLUMNS };

/** The row of an event that has none in the table of its type. */
export const rejectedRow = (event: OpenedEvent, reason: Rejection, detail: string): ExportRow =>
  rowOf(event, table, { of: event.common.type, reason, detail });
