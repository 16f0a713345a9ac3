import { checkFresh, type Event, ProtocolError, parseBatch, toHex, verifyBatch } from '../../protocol/index.ts';
import type { BlobReference } from '../pipeline/ports/blobs.ts';

/** What is kept of a batch that was verified. */
export interface Verified {
  readonly batchId: Uint8Array;
  /** Hex. */
  readonly app: string;
  /** Hex. */
  readonly wallet: string;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Hex, of a batch that the client encrypted itself; null where the service encrypts. */
  readonly subject: string | null;
  /** Id of its first event. */
  readonly eventId: string;
  /** What its events name. */
  readonly blobs: readonly BlobReference[];
}

/**
 * Checks a body as the protocol demands.
 * @param admit asked about the header before the expensive part; what it throws refuses the batch
 * @throws ProtocolError with the line that failed
 */
export type Verify = (
  body: Uint8Array,
  format: 'ndjson' | 'json',
  admit: (header: { readonly app: string; readonly wallet: string }) => Promise<void>,
) => Promise<Verified>;

/** On the thread that calls. The cheap reasons to refuse come first. @param now milliseconds since the epoch */
export function createVerify(network: string, now: () => number): Verify {
  return async (body, format, admit) => {
    const parsed = parseBatch(body, format);
    const { header } = parsed;
    if (header.network !== network) throw new ProtocolError('network', undefined, 1);
    checkFresh(header, now());
    await admit(header);
    const { batchId, client, events } = verifyBatch(parsed, { network });
    const { app, wallet, count, issuedAt } = header;
    // The form of every event has been checked, and there is one at least.
    const eventId = parsed.events[0]?.id ?? '';
    const blobs = blobsOf(events);
    return { batchId, app, wallet, count, issuedAt, subject: client ? toHex(client.subject) : null, eventId, blobs };
  };
}

/** Most batches name none: no list is made for them. */
const NONE: readonly BlobReference[] = [];

function blobsOf(events: readonly Pick<Event, 'id' | 'time' | 'blob' | 'session'>[]): readonly BlobReference[] {
  let named: BlobReference[] | undefined;
  for (const { id, time, blob, session = null } of events) {
    if (blob === undefined) continue;
    named ??= [];
    named.push({ cid: blob, eventId: id, time: Date.parse(time), session });
  }
  return named ?? NONE;
}
