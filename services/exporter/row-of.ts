import type { ExportRow } from '../pipeline/ports/sink.ts';
import type { OpenedEvent } from './opened-event.ts';

/** The row of an event. Said in full: an object of this many members that is put together with `...` takes longer to make than its event to decrypt. */
export const rowOf = ({ common }: OpenedEvent, table: ExportRow['table'], values: ExportRow['values']): ExportRow => ({
  app: common.app,
  wallet: common.wallet,
  batchId: common.batchId,
  eventId: common.eventId,
  type: common.type,
  time: common.time,
  session: common.session,
  blob: common.blob,
  signer: common.signer,
  source: common.source,
  seq: common.seq,
  slot: common.slot,
  origin: common.origin,
  partition: common.partition,
  issuedAt: common.issuedAt,
  verified: common.verified,
  table,
  values,
});
