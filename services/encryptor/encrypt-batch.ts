import { type Batch, type Event, fromHex, META_SCOPE, seal, sealMeta } from '../../protocol/index.ts';
import type { EncryptedBody } from '../../schemas/index.ts';
import type { OpenRoot } from '../pipeline/ports/vault.ts';
import type { FlushKeys } from './flush-keys.ts';
import { summaryOf } from './summary.ts';

const NONCE_BYTES = 24;

export interface EncryptBatch {
  readonly batch: Batch;
  readonly root: OpenRoot;
  readonly app: Uint8Array;
  readonly keys: FlushKeys;
  /** Cryptographically strong. Asked once per batch: a call per envelope costs more than the envelope. */
  random(length: number): Uint8Array;
}

/** Encrypts a batch in service mode: an envelope per scope of each event, and one for the meta (docs/formats.md). */
export function encryptBatch({ batch, root, app, keys, random }: EncryptBatch): EncryptedBody {
  const { header, events } = batch;
  const { epoch, subject } = root;
  const nonces = nonceSource(random(NONCE_BYTES * (1 + countScopes(events))));
  const sealed = events.map((event) => {
    const envelopes: Record<string, Uint8Array> = {};
    for (const [scope, content] of Object.entries(event.scopes)) {
      if (!('data' in content)) throw new TypeError(`scope ${scope} has no data to encrypt`);
      envelopes[scope] = seal({
        scopeKey: keys.scope(root, app, scope),
        epoch,
        app,
        subject,
        eventId: event.id,
        scope,
        salt: fromHex(content.salt, 16),
        data: content.data,
        nonce: nonces(),
      });
    }
    return envelopes;
  });
  const meta = sealMeta({
    scopeKey: keys.scope(root, app, META_SCOPE),
    epoch,
    app,
    subject,
    header,
    events,
    nonce: nonces(),
  });
  return { subject, epoch, mode: 'service', summary: summaryOf(batch), meta, events: sealed };
}

function countScopes(events: readonly Event[]): number {
  let count = 0;
  for (const event of events) for (const _ in event.scopes) count += 1;
  return count;
}

function nonceSource(bytes: Uint8Array): () => Uint8Array {
  let at = 0;
  return () => {
    at += NONCE_BYTES;
    return bytes.subarray(at - NONCE_BYTES, at);
  };
}
