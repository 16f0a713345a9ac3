import type { HeldRow } from '../../../services/pipeline/ports/sink.ts';
import type { Json } from './client.ts';

/** Of a document, for `rowOf`. */
export const HELD_FIELDS = ['app', 'wallet', 'batch_id', 'slot', 'event_id', 'time', 'session', 'issued_at', 'origin'];

/** A hit as far as erasures and removals ask. */
export function rowOf({ _source }: Json): HeldRow {
  const { app, wallet, batch_id: batchId, slot, event_id: eventId, session, origin } = _source;
  const [time, issuedAt] = [Date.parse(_source.time), Date.parse(_source.issued_at)];
  return { app, wallet, batchId, slot, eventId, time, session: session ?? null, issuedAt, origin };
}
