import {
  fromHex,
  type Header,
  META_SCOPE,
  open,
  openMeta,
  ProtocolError,
  type RemovedEvent,
  type StoredBatch,
  scopeKey,
  toHex,
} from '../../../protocol/index.ts';
import { StoredBatchRefused } from '../errors.ts';
import type { HeldRoot } from './own-roots.ts';

/** What the reader knows of a batch before opening it. Hex. */
export interface Expected {
  readonly network: string;
  readonly app: string;
  readonly wallet: string;
  /** As the index says, or as the reader itself sent it. */
  readonly batchId: string;
}

/** An event as its owner reads it: every scope opened, and equal to what was signed. */
export interface OwnEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly session?: string;
  readonly blob?: string;
  /** Scope → plaintext. */
  readonly scopes: Readonly<Record<string, string>>;
}

/** A batch that holds what its signature is over. */
export interface OwnBatch {
  readonly batchId: string;
  readonly header: Header;
  readonly subject: string;
  readonly epoch: number;
  readonly events: readonly (OwnEvent | RemovedEvent)[];
  /** Leaves and root of the signed tree, for disclosures. */
  readonly leaves: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/**
 * Opens a batch with the root that its owner kept, and recomputes everything: the meta proves the signature, each scope must open and have
 * the commitment that was signed. The service has looked into nothing of this: whoever reads client mode checks it.
 * @throws StoredBatchRefused naming what does not match
 */
export function openStored(
  stored: StoredBatch,
  held: Pick<HeldRoot, 'root' | 'subject'>,
  expected: Expected,
): OwnBatch {
  const { batchId } = expected;
  const refused = (cause: unknown, where: string): Error =>
    cause instanceof ProtocolError ? new StoredBatchRefused(batchId, cause, where) : (cause as Error);
  if (toHex(stored.app) !== expected.app) throw refused(new ProtocolError('key', 'app'), 'segment');
  if (toHex(stored.subject) !== held.subject) throw refused(new ProtocolError('subject'), 'segment');
  const keys = keysOf(held.root.bytes, stored);
  try {
    const meta = within('meta', refused, () => proveMeta(stored, keys.of(META_SCOPE), expected));
    const events = meta.events.map((event, i) => {
      if ('leaf' in event) return event;
      const envelopes = stored.events[i] as Readonly<Record<string, Uint8Array>>;
      const scopes: Record<string, string> = {};
      for (const name of new Set([...Object.keys(event.scopes), ...Object.keys(envelopes)]))
        scopes[name] = within(`event ${event.id}, scope ${name}`, refused, () => {
          const closed = Object.hasOwn(event.scopes, name) ? event.scopes[name] : undefined;
          const envelope = Object.hasOwn(envelopes, name) ? envelopes[name] : undefined;
          if (!envelope || !closed || !('commitment' in closed)) throw new ProtocolError('scope');
          const { app, subject, epoch } = stored;
          const place = { app, subject, epoch, scopeKey: keys.of(name), eventId: event.id, scope: name };
          return open({ ...place, envelope, commitment: fromHex(closed.commitment, 32) }).data;
        });
      const { scopes: _closed, ...shown } = event;
      return { ...shown, scopes };
    });
    const { header, leaves, root } = meta;
    return { batchId, header, subject: held.subject, epoch: stored.epoch, events, leaves, root };
  } finally {
    keys.forget();
  }
}

/** The meta belongs to this batch of this wallet, and to no other. */
function proveMeta({ subject, app, epoch, meta: envelope, events }: StoredBatch, key: Uint8Array, expected: Expected) {
  const meta = openMeta({ scopeKey: key, subject, app, epoch, envelope });
  if (meta.header.network !== expected.network) throw new ProtocolError('network');
  if (meta.header.wallet !== expected.wallet) throw new ProtocolError('meta', 'it is of another wallet');
  if (toHex(meta.batchId) !== expected.batchId) throw new ProtocolError('meta', 'it is of another batch');
  if (meta.events.length !== events.length) throw new ProtocolError('count', 'events of the segment');
  return meta;
}

function within<T>(where: string, refused: (cause: unknown, where: string) => Error, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw refused(error, where);
  }
}

function keysOf(userRoot: Uint8Array, { app, epoch }: StoredBatch) {
  const keys = new Map<string, Uint8Array>();
  return {
    of(scope: string): Uint8Array {
      const key = keys.get(scope) ?? scopeKey(userRoot, app, scope, epoch);
      keys.set(scope, key);
      return key;
    },
    forget() {
      for (const key of keys.values()) key.fill(0);
    },
  };
}
