import { type Batch, fromBase64url } from '../../protocol/index.ts';
import type { EncryptedBody } from '../../schemas/index.ts';
import { summaryOf } from './summary.ts';

type ClientPart = NonNullable<Batch['client']>;

/**
 * Passes on what the client encrypted itself. The parser has checked the shape of every envelope and that all name the
 * epoch of the header line; what is inside is unchecked until a reader with the key opens it, and receipts say so.
 */
export function passClientBatch(batch: Batch, { subject, epoch, meta }: ClientPart): EncryptedBody {
  const events = batch.events.map(({ scopes }) => {
    const envelopes: Record<string, Uint8Array> = {};
    for (const [name, scope] of Object.entries(scopes)) {
      if (!('envelope' in scope)) throw new TypeError(`scope ${name} of a client-mode batch has no envelope`);
      envelopes[name] = fromBase64url(scope.envelope);
    }
    return envelopes;
  });
  return { subject, epoch, mode: 'client', summary: summaryOf(batch), meta, events };
}
