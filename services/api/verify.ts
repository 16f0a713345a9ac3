import { checkFresh, ProtocolError, parseBatch, toHex, verifyBatch } from '../../protocol/index.ts';

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
}

/**
 * Checks a body as the protocol demands.
 * @param admit asked about the header before the expensive part; what it throws refuses the batch
 * @throws ProtocolError with the line that failed
 */
export type Verify = (
  body: Uint8Array,
  format: 'ndjson' | 'json',
  admit: (header: { readonly app: string }) => Promise<void>,
) => Promise<Verified>;

/** On the thread that calls. The cheap reasons to refuse come first. @param now milliseconds since the epoch */
export function createVerify(network: string, now: () => number): Verify {
  return async (body, format, admit) => {
    const parsed = parseBatch(body, format);
    const { header } = parsed;
    if (header.network !== network) throw new ProtocolError('network', undefined, 1);
    checkFresh(header, now());
    await admit(header);
    const { batchId, client } = verifyBatch(parsed, { network });
    const { app, wallet, count, issuedAt } = header;
    // The form of every event has been checked, and there is one at least.
    const eventId = parsed.events[0]?.id ?? '';
    return { batchId, app, wallet, count, issuedAt, subject: client ? toHex(client.subject) : null, eventId };
  };
}
