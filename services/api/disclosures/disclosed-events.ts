import { CID } from 'multiformats/cid';
import {
  type Disclosure,
  disclose,
  equalBytes,
  META_SCOPE,
  type Meta,
  openMeta,
  ProtocolError,
  scopeKey,
  toBase64url,
  toHex,
  treeLevels,
} from '../../../protocol/index.ts';
import { FatalError } from '../../pipeline/errors.ts';
import type { IndexedBatch } from '../../pipeline/ports/index-store.ts';
import type { StoredBatch } from '../../pipeline/segment-reader.ts';
import type { EventReader, OpenableScopes } from './event-reader.ts';

/** An event as it is returned: with what proves it, and the envelopes that its reader may open. */
export interface DisclosedEvent {
  readonly batchId: string;
  /** `<segment>/batches/<slot>/events/<index>` is the event's envelopes, for any IPFS node of the cluster. */
  readonly locator: {
    readonly cluster: string;
    readonly segment: string;
    readonly slot: number;
    readonly index: number;
  };
  /** Hex: stands for the wallet in public storage. */
  readonly subject: string;
  readonly rootVersion: number;
  readonly epoch: number;
  /** `unchecked`: the client encrypted it, and the service could not look whether it is what was signed. */
  readonly content: 'checked' | 'unchecked';
  /** Header, index, proof, and the event with every scope as `{commitment}`; null where content is unchecked: it is in the meta. */
  readonly disclosure: Disclosure | null;
  /** Scope → base64url. */
  readonly envelopes: Readonly<Record<string, string>>;
}

export type LiveBatch = IndexedBatch & { readonly body: NonNullable<IndexedBatch['body']> };
/** Whether there is anything of a batch to read: it was kept, and not refused or voided later. */
export const isLive = (batch: IndexedBatch | null): batch is LiveBatch =>
  batch !== null && batch.body !== null && batch.reason === null;

/**
 * The events of a batch that a reader may see, in order, from number `from` on. Left out are those of which the reader may open nothing,
 * and those that were removed.
 * @throws FatalError `batch_unreadable` when the batch is not what the index says, though our own encryptor sealed it
 */
export function* disclosedEvents(
  batch: LiveBatch,
  stored: StoredBatch,
  userRoot: Uint8Array,
  reader: EventReader,
  from: number,
): Generator<DisclosedEvent> {
  const open = reader.mayOpen(batch.body.epoch);
  if (!stored.events.some((event) => Object.keys(event).some((scope) => open.has(scope)))) return;
  const meta = metaOf(batch, stored, userRoot);
  const levels = treeLevels(meta.leaves);
  for (const [index, event] of meta.events.entries()) {
    if (index < from || 'leaf' in event) continue;
    const envelopes = encoded(stored.events[index] ?? {}, open);
    if (Object.keys(envelopes).length === 0) continue;
    const disclosure = disclose(meta, index, [], levels);
    yield { ...placeOf(batch, index), content: 'checked', disclosure, envelopes };
  }
}

/** The events of a batch in client mode, which only its owner can open: the meta that belongs to them is one for the batch. */
export function* sealedEvents(batch: LiveBatch, stored: StoredBatch, from: number): Generator<DisclosedEvent> {
  for (const [index, event] of stored.events.entries()) {
    if (index < from) continue;
    const envelopes = encoded(event, new Set(Object.keys(event)));
    yield { ...placeOf(batch, index), content: 'unchecked', disclosure: null, envelopes };
  }
}

function placeOf({ batchId, rootVersion, body }: LiveBatch, index: number) {
  const { cluster, slot, subject, epoch } = body;
  const locator = { cluster, segment: CID.decode(body.segment).toString(), slot, index };
  return { batchId: toHex(batchId), locator, subject: toHex(subject), rootVersion, epoch };
}

const encoded = (envelopes: Readonly<Record<string, Uint8Array>>, scopes: OpenableScopes) =>
  Object.fromEntries(
    Object.entries(envelopes).flatMap(([scope, envelope]) =>
      scopes.has(scope) ? [[scope, toBase64url(envelope)]] : [],
    ),
  );

/** The meta of a batch, proved to be the one that the index names. @throws FatalError `batch_unreadable` */
export function metaOf({ app, batchId, body }: LiveBatch, stored: StoredBatch, userRoot: Uint8Array): Meta {
  const { subject, epoch } = body;
  const metaKey = scopeKey(userRoot, app, META_SCOPE, epoch);
  try {
    const meta = openMeta({ scopeKey: metaKey, subject, app, epoch, envelope: stored.meta });
    if (!equalBytes(meta.batchId, batchId)) throw new ProtocolError('meta', 'batch');
    if (meta.events.length !== stored.events.length) throw new ProtocolError('count', 'events');
    return meta;
  } catch (cause) {
    throw new FatalError('batch_unreadable', `batch ${toHex(batchId)} is not what the index says of it`, { cause });
  } finally {
    metaKey.fill(0);
  }
}
