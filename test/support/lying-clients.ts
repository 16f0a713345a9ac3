import { randomBytes } from 'node:crypto';
import {
  type Batch,
  fromBase64url,
  META_SCOPE,
  type SignedBatch,
  scopeKey,
  seal,
  sealMeta,
  subjectOf,
  toBase64url,
} from '../../protocol/index.ts';
import { sealBatch } from '../../sdk/js/client-mode/seal-batch.ts';

export interface Liar {
  readonly app: Uint8Array;
  readonly userRoot: Uint8Array;
  readonly epoch: number;
  /** Signs a new batch, every scope `{salt, data}`; its first event has scope `purchase`. */
  readonly sign: () => SignedBatch;
}

/** What a client in client mode can send that no room can see through: only who has its root can. */
export interface Lie {
  readonly name: string;
  /** What a reader with the root refuses it with. */
  readonly code: string;
  readonly batchId: Uint8Array;
  readonly batch: Batch;
}

const bytes = (length: number) => new Uint8Array(randomBytes(length));

/** One batch per lie, each well-formed and signed. */
export function lies({ app, userRoot, epoch, sign }: Liar): Lie[] {
  const subject = subjectOf(userRoot);
  const honest = (batch: Batch) => sealBatch({ batch, userRoot, epoch, randomBytes: bytes });
  const place = { epoch, app, subject };
  const keyOf = (scope: string, at = epoch) => scopeKey(userRoot, app, scope, at);

  /** Replaces the envelope of the first event's purchase. */
  function withEnvelope(name: string, code: string, make: (eventId: string, honest: Uint8Array) => Uint8Array): Lie {
    const signed = sign();
    const batch = honest(signed);
    const [first] = batch.events;
    const scope = first?.scopes.purchase;
    if (!first || !scope || !('envelope' in scope)) throw new Error('the liar signs no purchase');
    scope.envelope = toBase64url(make(first.id, fromBase64url(scope.envelope)));
    return { name, code, batchId: signed.batchId, batch };
  }

  function withMeta(name: string, code: string, make: (signed: SignedBatch) => Uint8Array): Lie {
    const signed = sign();
    const { client, ...batch } = honest(signed);
    if (!client) throw new Error('not sealed');
    return { name, code, batchId: signed.batchId, batch: { ...batch, client: { ...client, meta: make(signed) } } };
  }

  const sealed = (eventId: string, data: string, at = epoch) =>
    seal({
      ...{ ...place, epoch: at, scopeKey: keyOf('purchase', at), eventId, scope: 'purchase' },
      ...{ salt: bytes(16), data, nonce: bytes(24) },
    });
  /** The head says this batch's epoch, whatever it was sealed in. */
  const relabelled = (envelope: Uint8Array) => {
    new DataView(envelope.buffer, envelope.byteOffset).setUint32(2, epoch);
    return envelope;
  };
  const metaOf = (batch: SignedBatch) =>
    sealMeta({ ...place, scopeKey: keyOf(META_SCOPE), header: batch.header, events: batch.events, nonce: bytes(24) });

  return [
    withEnvelope('an envelope of other content than was signed', 'commitment', (id) => sealed(id, '{"sum":"1000000"}')),
    withEnvelope('an envelope of another event', 'commitment', () =>
      sealed('0199f0e1-0000-7000-8000-000000000000', ''),
    ),
    withEnvelope('an envelope of another epoch', 'commitment', (id) => relabelled(sealed(id, '{}', epoch + 1))),
    withEnvelope('an envelope with changed bytes', 'tag', (_id, honestOne) => {
      const last = honestOne.length - 1;
      honestOne[last] = (honestOne[last] as number) ^ 1;
      return honestOne;
    }),
    withEnvelope('94 bytes of nothing', 'commitment', () => relabelled(new Uint8Array(94).fill(1))),
    withMeta('the meta of another batch', 'meta', () => metaOf(sign())),
    withMeta('a meta that names other events', 'signature', (signed) =>
      metaOf({ ...signed, events: sign().events.slice(0, signed.events.length) }),
    ),
    withMeta('a meta with fewer events', 'count', (signed) => metaOf({ ...signed, events: signed.events.slice(1) })),
    withMeta('a meta that is no JSON', 'json', () =>
      seal({
        ...{ ...place, scopeKey: keyOf(META_SCOPE), eventId: '', scope: META_SCOPE },
        ...{ salt: new Uint8Array(16), data: '{"v":1,', nonce: bytes(24) },
      }),
    ),
    withMeta('a meta nested deep', 'depth', () =>
      seal({
        ...{ ...place, scopeKey: keyOf(META_SCOPE), eventId: '', scope: META_SCOPE },
        ...{ salt: new Uint8Array(16), data: '['.repeat(50_000), nonce: bytes(24) },
      }),
    ),
  ];
}
