import { META_SCOPE } from '../../protocol/index.ts';
import type { ClosedBatch, ScopeKeys } from './open-batch.ts';

const KEY = 32;
const ABSENT = -1;

/** A batch on its way to a thread: its bytes in one piece, which moves there, and keys where both threads see them. */
export interface PackedBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of meta, then for each event of the envelope of each scope; -1 where there is none to open. */
  readonly lengths: Int32Array<ArrayBuffer>;
  readonly count: number;
  readonly mode: ClosedBatch['body']['mode'];
  readonly epoch: number;
  readonly scopes: readonly string[];
  /** Of meta, then of each scope, 32 bytes each. Shared and not copied: whoever packed them overwrites them. */
  readonly keys: Uint8Array<SharedArrayBuffer>;
  /** Which of those are there. */
  readonly held: readonly boolean[];
}

/** Nothing but what is to be read goes along. */
export function packBatch(
  { app, wallet, batchId, body }: ClosedBatch,
  scopes: readonly string[],
  keyOf: ScopeKeys,
): PackedBatch {
  const given = [META_SCOPE, ...scopes].map(keyOf);
  const keys = new Uint8Array(new SharedArrayBuffer(KEY * given.length));
  for (const [i, key] of given.entries()) if (key) keys.set(key, i * KEY);
  const parts = [app, wallet, batchId, body.subject, body.meta];
  const lengths = new Int32Array(1 + body.events.length * scopes.length).fill(ABSENT);
  lengths[0] = body.meta.length;
  let at = 1;
  for (const event of body.events) {
    for (const [i, scope] of scopes.entries()) {
      const envelope = given[i + 1] && Object.hasOwn(event, scope) ? event[scope] : undefined;
      if (envelope) {
        parts.push(envelope);
        lengths[at] = envelope.length;
      }
      at += 1;
    }
  }
  const held = given.map((key) => key !== null);
  const { mode, epoch } = body;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return { bytes, lengths, count: body.events.length, mode, epoch, scopes, keys, held };
}

/** The batch again, of views, and its keys. */
export function unpackBatch(packed: PackedBatch): { readonly batch: ClosedBatch; readonly keys: ScopeKeys } {
  const { bytes, lengths, count, mode, epoch, scopes, keys, held } = packed;
  let end = 0;
  const next = (length: number) => {
    end += length;
    return bytes.subarray(end - length, end);
  };
  const [app, wallet, batchId, subject] = [next(KEY), next(KEY), next(KEY), next(KEY)];
  const meta = next(lengths[0] as number);
  const events = Array.from({ length: count }, (_, slot) => {
    const envelopes: Record<string, Uint8Array> = {};
    for (const [i, scope] of scopes.entries()) {
      const length = lengths[1 + slot * scopes.length + i] as number;
      if (length !== ABSENT) envelopes[scope] = next(length);
    }
    return envelopes;
  });
  const places = new Map([META_SCOPE, ...scopes].map((scope, i) => [scope, i]));
  return {
    batch: { app, wallet, batchId, body: { mode, epoch, subject, meta, events } },
    keys: (scope) => {
      const i = places.get(scope);
      return i !== undefined && held[i] ? keys.subarray(i * KEY, (i + 1) * KEY) : null;
    },
  };
}
