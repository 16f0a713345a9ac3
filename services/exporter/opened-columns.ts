import { toHex } from '../../protocol/index.ts';
import type { ExportRow } from '../pipeline/ports/sink.ts';
import type { LiveBatch } from './live-batch.ts';
import type { RowMaker } from './opened-event.ts';

/**
 * Opened events of one batch by columns, one place per event: what goes from a thread to another costs by the object. Columns that have
 * nothing at all are null.
 */
export interface OpenedColumns {
  /** What the header says of all of them. */
  readonly signer: 'wallet' | 'app';
  readonly source: string;
  readonly seq: number;
  readonly issuedAt: number;
  readonly slots: readonly number[];
  readonly ids: readonly string[];
  /** Each once, and for every event the index of its own. */
  readonly types: readonly string[];
  readonly typeOf: readonly number[];
  readonly times: readonly number[];
  readonly sessions: readonly (string | null)[] | null;
  readonly blobs: readonly (string | null)[] | null;
  /** Of each scope that was read; undefined where an event has none of it. */
  readonly scopes: readonly { readonly scope: string; readonly texts: readonly (string | undefined)[] }[];
  /** Names of the other scopes. */
  readonly closed: readonly (readonly string[])[] | null;
}

const NONE: readonly string[] = [];

/** The rows of the events that are wanted. Said in full: a row that is put together of parts takes longer to make than its event to decrypt. */
export function rowsOf(
  columns: OpenedColumns,
  { origin, value }: LiveBatch,
  partition: number,
  isWanted: (event: Pick<ExportRow, 'type' | 'time'>) => boolean,
  make: RowMaker,
): ExportRow[] {
  const [app, wallet, batchId] = [toHex(value.app), toHex(value.wallet), toHex(value.batchId)];
  const { signer, source, seq, issuedAt, slots, ids, types, typeOf, times, sessions, blobs, scopes, closed } = columns;
  const rows: ExportRow[] = [];
  for (let i = 0; i < slots.length; i += 1) {
    const type = types[typeOf[i] as number] as string;
    const time = times[i] as number;
    if (!isWanted({ type, time })) continue;
    const texts: Record<string, string> = {};
    for (const one of scopes) {
      const text = one.texts[i];
      if (text !== undefined) texts[one.scope] = text;
    }
    const { table, values } = make({ type, scopes: texts, closed: closed?.[i] ?? NONE });
    rows.push({
      app,
      wallet,
      batchId,
      eventId: ids[i] as string,
      type,
      time,
      session: sessions?.[i] ?? null,
      blob: blobs?.[i] ?? null,
      signer,
      source,
      seq,
      slot: slots[i] as number,
      origin,
      partition,
      issuedAt,
      // The meta opened only if its signature holds, and each scope only if it is what was committed to.
      verified: true,
      table,
      values,
    });
  }
  return rows;
}
