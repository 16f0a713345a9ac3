import { toHex } from '../../protocol/index.ts';
import type { LiveBatch } from './live-batch.ts';
import type { OpenedEvent } from './opened-event.ts';

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

/** The events again, of the batch that was opened. */
export function eventsOf(columns: OpenedColumns, { origin, value }: LiveBatch, partition: number): OpenedEvent[] {
  const [app, wallet, batchId] = [toHex(value.app), toHex(value.wallet), toHex(value.batchId)];
  const { signer, source, seq, issuedAt, slots, ids, types, typeOf, times, sessions, blobs, scopes, closed } = columns;
  return slots.map((slot, i) => {
    const texts: Record<string, string> = {};
    for (const one of scopes) {
      const text = one.texts[i];
      if (text !== undefined) texts[one.scope] = text;
    }
    return {
      // Said in full: an object that is put together of parts takes longer to make than its event to decrypt.
      common: {
        app,
        wallet,
        batchId,
        eventId: ids[i] as string,
        type: types[typeOf[i] as number] as string,
        time: times[i] as number,
        session: sessions?.[i] ?? null,
        blob: blobs?.[i] ?? null,
        signer,
        source,
        seq,
        slot,
        origin,
        partition,
        issuedAt,
        // The meta opened only if its signature holds, and each scope only if it is what was committed to.
        verified: true,
      },
      scopes: texts,
      closed: closed?.[i] ?? NONE,
    };
  });
}
