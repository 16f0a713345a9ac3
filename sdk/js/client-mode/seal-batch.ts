import {
  type Batch,
  closeEvent,
  type Event,
  fromHex,
  META_SCOPE,
  type SealedScope,
  scopeKey,
  seal,
  sealMeta,
  subjectOf,
  toBase64url,
} from '../../../protocol/index.ts';

const NONCE_BYTES = 24;

export interface SealBatch {
  /** Signed, every scope `{salt, data}`. */
  readonly batch: Batch;
  /** 32 secret bytes. */
  readonly userRoot: Uint8Array;
  readonly epoch: number;
  readonly randomBytes: (length: number) => Uint8Array;
}

/**
 * The same batch as client mode sends it: every scope `{commitment, envelope}`, and the meta. Signature and batch id stay: both are over
 * commitments, whoever encrypts.
 */
export function sealBatch({ batch, userRoot, epoch, randomBytes }: SealBatch): Batch {
  const { header, events } = batch;
  const app = fromHex(header.app, 32);
  const subject = subjectOf(userRoot);
  const keys = new Map<string, Uint8Array>();
  const keyOf = (scope: string): Uint8Array => {
    const key = keys.get(scope) ?? scopeKey(userRoot, app, scope, epoch);
    keys.set(scope, key);
    return key;
  };
  const place = { epoch, app, subject };
  try {
    const sealed = events.map((event) => {
      const closed = closeEvent(event);
      const scopes: Record<string, SealedScope> = {};
      for (const [scope, content] of Object.entries(event.scopes)) {
        const shut = closed.scopes[scope];
        if (!('data' in content) || !shut || !('commitment' in shut))
          throw new TypeError(`scope ${scope} has no data to encrypt`);
        const envelope = seal({
          ...{ ...place, scopeKey: keyOf(scope), eventId: event.id, scope },
          ...{ salt: fromHex(content.salt, 16), data: content.data, nonce: randomBytes(NONCE_BYTES) },
        });
        scopes[scope] = { commitment: shut.commitment, envelope: toBase64url(envelope) };
      }
      return { ...event, scopes } satisfies Event;
    });
    const meta = sealMeta({ ...place, scopeKey: keyOf(META_SCOPE), header, events, nonce: randomBytes(NONCE_BYTES) });
    return { header, events: sealed, client: { subject, epoch, meta } };
  } finally {
    for (const key of keys.values()) key.fill(0);
  }
}
