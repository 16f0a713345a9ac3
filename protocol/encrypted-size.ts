import type { Event } from './event.ts';

/** Bytes that an envelope has more than its data: 62 of head, 16 of salt, 16 of tag. */
export const ENVELOPE_OVERHEAD = 94;

/** Length of a CBOR head for this length or count. */
const head = (n: number) => (n < 24 ? 1 : n < 256 ? 2 : n < 65_536 ? 3 : 5);

/** DAG-CBOR of {subject, app, epoch, meta, events} without meta and events: names, two hashes, the epoch at its longest. */
const FIXED = 1 + (1 + 7) + 34 + (1 + 3) + 34 + (1 + 5) + 5 + (1 + 4) + (1 + 6);
const META_EVENT = JSON.stringify({ id: '', type: '', time: '', scopes: {} }).length;
const META_SESSION = JSON.stringify({ session: '' }).length - 1;
const META_BLOB = JSON.stringify({ blob: '' }).length - 1;
const META_SCOPE = JSON.stringify({ '': { commitment: '' } }).length - 1 + 64;

/** Characters that JSON writes with a backslash before them. */
function escapes(text: string): number {
  return /["\\]/.test(text) ? text.length - text.replace(/["\\]/g, '').length : 0;
}

/**
 * The length that a batch will have once encrypted, from lengths alone: its DAG-CBOR as it goes into a segment, with the envelope of its meta
 * (the compact JSON that `sealMeta` writes).
 */
export class EncryptedSize {
  #events = 0;
  #envelopes = 0;
  #meta = 0;

  addScope(nameLength: number, envelopeLength: number): void {
    this.#envelopes += head(nameLength) + nameLength + head(envelopeLength) + envelopeLength;
  }

  /** Adds an event whose scopes were added before. `preimage`: length of its leaf's preimage, which holds the bytes of every field. */
  addEvent(event: Event, preimage: number, scopeCount: number): void {
    this.#events += 1;
    this.#envelopes += head(scopeCount);
    // Preimage: prefix, five lengths, fields, count of scopes, then a length, a name and a commitment per scope.
    const text = preimage - 23 - 36 * scopeCount;
    this.#meta += META_EVENT + text + META_SCOPE * scopeCount - 1 + escapes(event.type) + 1;
    if (event.session !== undefined) this.#meta += META_SESSION + escapes(event.session);
    if (event.blob !== undefined) this.#meta += META_BLOB;
  }

  /** Bytes in all, given the length of the meta's envelope. */
  total(metaLength: number): number {
    return FIXED + head(metaLength) + metaLength + head(this.#events) + this.#envelopes;
  }

  /** Length of the envelope of the meta that belongs to this header. */
  metaLength(header: object): number {
    const frame = JSON.stringify({ v: 1, header, events: [] }).length;
    return ENVELOPE_OVERHEAD + frame + this.#meta - 1;
  }
}
