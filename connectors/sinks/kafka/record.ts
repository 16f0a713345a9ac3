import type { ExportRow, HeldRow } from '../../../services/pipeline/ports/sink.ts';
import type { CommittedRecord, TransactionRecord } from '../../kafka/index.ts';

/** What names a row for ever: the event at this place of this batch. The wallet stands first, as in every key of ours. */
export const keyOf = ({ wallet, batchId, slot }: ExportRow): string => `${wallet}/${batchId}/${slot}`;

/**
 * CloudEvents 1.0 in the binary mode of its Kafka binding. An event id is unique in its batch, so the batch is the source. The extensions are
 * what a removal is judged by, without decoding the value.
 */
export function recordOf(row: ExportRow, value: Uint8Array): TransactionRecord {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: row.eventId,
    ce_source: `/apps/${row.app}/batches/${row.batchId}`,
    ce_type: row.type,
    ce_time: new Date(row.time).toISOString(),
    ce_origin: String(row.origin),
    ce_issuedat: new Date(row.issuedAt).toISOString(),
    'content-type': 'application/avro',
  };
  if (row.session !== null) headers.ce_session = row.session;
  return { key: keyOf(row), value, headers };
}

/** Reads a row as far as erasures and removals ask from key and headers; null where another hand wrote them. */
export function storedRow({ key, headers }: CommittedRecord): HeldRow | null {
  const [wallet = '', batchId = '', slot] = key.split('/');
  const app = /^\/apps\/([^/]+)\/batches\//.exec(headers.ce_source ?? '')?.[1];
  const { ce_id: eventId, ce_time: time, ce_issuedat: issuedAt, ce_origin: origin, ce_session: session } = headers;
  if (app === undefined || eventId === undefined || slot === undefined) return null;
  return {
    ...{ app, wallet, batchId, eventId, session: session ?? null, slot: Number(slot), origin: Number(origin) },
    ...{ time: Date.parse(time ?? ''), issuedAt: Date.parse(issuedAt ?? '') },
  };
}
