import { setImmediate } from 'node:timers/promises';
import {
  type Event,
  META_SCOPE,
  type Meta,
  openMeta,
  ProtocolError,
  peekMeta,
  type RemovedEvent,
  scopeKey,
  scrub,
  toHex,
} from '../../../protocol/index.ts';
import { FatalError } from '../../pipeline/errors.ts';
import type { OwnedEvent, RemovedBy, RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import type { OpenRoot, Owner, RootRef, Vault } from '../../pipeline/ports/vault.ts';
import type { StoredBatch } from '../../pipeline/segment-reader.ts';
import type { Caller } from '../auth/bearer.ts';
import type { LiveBatch } from '../disclosures/disclosed-events.ts';
import type { EventReader } from '../disclosures/event-reader.ts';
import { isReadable, isUnreadableForGood } from '../disclosures/unreadable.ts';
import type { ReadersFor } from './readers.ts';
import { fetchScopeKeys, ownScopeKeys, type ScopeKeysDeps, type WantedKey } from './scope-keys.ts';

/** What the meta of a batch says; `leaves` and `root` only where it was proved. */
type Heads = Pick<Meta, 'header' | 'events'> & Partial<Pick<Meta, 'leaves' | 'root'>>;

/** A batch of which its reader may be shown something. */
export interface OpenedBatch {
  readonly batch: LiveBatch;
  readonly stored: StoredBatch;
  readonly reader: EventReader;
  /** null where the client encrypted it: only its owner can open the meta. */
  readonly heads: Heads | null;
  /** By index; absent where nothing of the owner was ever removed. */
  readonly removed: readonly (RemovedBy | null)[] | null;
}

/** A batch that can never be read. */
export interface UnreadableBatch {
  readonly batch: LiveBatch;
  readonly error: FatalError;
}

/** A batch that a client encrypted by itself and that was removed as a whole. */
export interface TakenBatch {
  readonly batch: LiveBatch;
  readonly takenBy: RemovedBy;
}

type Found = Omit<OpenedBatch, 'removed'>;

export interface OpenedGroup {
  /** Milliseconds, monotonic, when the vault and the removals were asked. */
  readonly askedAt: number;
  readonly batches: readonly (OpenedBatch | UnreadableBatch | TakenBatch)[];
  /** `keyName` → key, where decryption is wanted. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
  /** Overwrites the keys. */
  forget(): void;
}

export interface GroupDeps extends ScopeKeysDeps {
  readonly vault: Pick<Vault, 'roots' | 'scopeKeys'>;
  readonly removedEvents: RemovedEvents;
  readonly elapsed: () => number;
}

export interface GroupWish {
  readonly caller: Caller;
  /** Id of its token, hex. */
  readonly tokenId: string;
  readonly proof: boolean;
  /** null: every scope. */
  readonly scopes: ReadonlySet<string> | null;
  readonly decrypt: boolean;
}

/** Opened in one go. */
const PAUSE_BYTES = 256 * 1024;

const nameOf = ({ wallet }: Owner): string => toHex(wallet);

/**
 * Opens a group for its reader: asks who may read what, which roots stand, and what was removed, and reads the heads of the events. What
 * comes of it may be written for a few seconds; then it is to be opened again.
 * @param stored in the order of the batches
 */
export async function openGroup(
  deps: GroupDeps,
  { caller, tokenId, proof, scopes, decrypt }: GroupWish,
  readersFor: ReadersFor,
  batches: readonly LiveBatch[],
  stored: readonly (StoredBatch | FatalError)[],
): Promise<OpenedGroup> {
  const askedAt = deps.elapsed();
  const owners = [...new Map(batches.map(({ app, wallet }) => [nameOf({ app, wallet }), { app, wallet }])).values()];
  const refs = [...new Map(batches.map(refOf).map((ref) => [refName(ref), ref])).values()];
  const [readers, any, roots] = await Promise.all([
    readersFor(owners),
    deps.removedEvents.any(owners),
    deps.vault.roots(refs),
  ]);
  const keys = new Map<string, Uint8Array>();
  const forget = () => {
    for (const key of keys.values()) key.fill(0);
    scrub();
  };
  try {
    const byOwner = new Map(owners.map((owner, i) => [nameOf(owner), { reader: readers[i] ?? null, any: any[i] }]));
    const rootOf = new Map(refs.map((ref, i) => [refName(ref), roots[i]]));
    const opened: (Found | UnreadableBatch)[] = [];
    let bytes = 0;
    for (const [i, batch] of batches.entries()) {
      const reader = byOwner.get(nameOf(batch))?.reader;
      if (!reader) continue;
      bytes += batch.body.bytes;
      if (bytes > PAUSE_BYTES) {
        // Others are served in between.
        await setImmediate();
        bytes = 0;
      }
      try {
        const root = rootOf.get(refName(refOf(batch)));
        if (!isReadable(batch, root, reader)) continue;
        const one = stored[i];
        if (!one || one instanceof FatalError) throw one ?? new Error('a batch without what is stored');
        opened.push({ batch, reader, stored: one, heads: headsOf(batch, one, root, proof) });
      } catch (error) {
        if (!isUnreadableForGood(error)) throw error;
        opened.push({ batch, error });
      }
    }
    const removed = await removedOf(
      deps.removedEvents,
      opened.flatMap((one) => ('error' in one || !byOwner.get(nameOf(one.batch))?.any ? [] : [one])),
    );
    if (decrypt) {
      const wanted = keysWanted(
        opened.flatMap((one) => ('error' in one ? [] : [one])),
        scopes,
      );
      const isOwn = (one: WantedKey) => caller.signer === 'wallet' && caller.wallet === nameOf(one);
      await ownScopeKeys(deps, tokenId, wanted.filter(isOwn), (one) => rootOf.get(refName(one)), keys);
      await fetchScopeKeys(
        deps,
        caller,
        wanted.filter((one) => !isOwn(one)),
        keys,
      );
    }
    const all = opened.map((one): OpenedGroup['batches'][number] => {
      if ('error' in one) return one;
      const taken = removed.get(one.batch) ?? null;
      return taken && 'takenBy' in taken ? { batch: one.batch, ...taken } : { ...one, removed: taken };
    });
    return { askedAt, batches: all, keys, forget };
  } catch (error) {
    forget();
    throw error;
  } finally {
    for (const root of roots) root?.userRoot.fill(0);
    scrub();
  }
}

const refOf = ({ app, wallet, rootVersion }: LiveBatch): RootRef => ({ app, wallet, rootVersion });
const refName = (ref: RootRef): string => `${nameOf(ref)}/${ref.rootVersion}`;

/** Our own encryptor has verified what it sealed, and the hash of the batch is the index's: only whoever wants a proof pays for it again. */
function headsOf({ app, batchId, body }: LiveBatch, stored: StoredBatch, root: OpenRoot, proof: boolean): Heads | null {
  if (body.mode === 'client') return null;
  const { subject, epoch } = body;
  const metaKey = scopeKey(root.userRoot, app, META_SCOPE, epoch);
  try {
    const request = { scopeKey: metaKey, subject, app, epoch, envelope: stored.meta };
    const heads: Heads = proof ? openMeta(request) : peekMeta(request);
    if (heads.events.length !== stored.count) throw new ProtocolError('count', 'events');
    return heads;
  } catch (cause) {
    throw new FatalError('batch_unreadable', `batch ${toHex(batchId)} is not what the index says of it`, { cause });
  } finally {
    metaKey.fill(0);
  }
}

/** By event, or the batch as a whole where only its owner could open it. */
type Taken = readonly (RemovedBy | null)[] | Pick<TakenBatch, 'takenBy'>;

async function removedOf(
  removedEvents: RemovedEvents,
  batches: readonly Found[],
): Promise<ReadonlyMap<LiveBatch, Taken>> {
  const found = new Map<LiveBatch, Taken>();
  const sealed = batches.filter(({ heads }) => heads === null).map(({ batch }) => batch);
  const open = batches.filter(({ heads }) => heads !== null);
  const asked = open.flatMap(({ batch, heads }) => (heads?.events ?? []).map((event) => ownedEvent(batch, event)));
  const [taken, whole] = await Promise.all([
    removedEvents.of(asked.flatMap((one) => one ?? [])),
    removedEvents.ofSealed(sealed.map(({ app, wallet, body }) => ({ app, wallet, ...body.summary }))),
  ]);
  for (const [i, batch] of sealed.entries()) {
    const takenBy = whole[i];
    if (takenBy) found.set(batch, { takenBy });
  }
  let next = 0;
  let at = 0;
  for (const { batch, heads } of open)
    found.set(
      batch,
      (heads?.events ?? []).map(() => (asked[at++] ? (taken[next++] ?? null) : null)),
    );
  return found;
}

/** null: it was removed from the meta already, and nothing but its leaf is known. */
function ownedEvent({ app, wallet, body }: LiveBatch, event: Event | RemovedEvent): OwnedEvent | null {
  if ('leaf' in event) return null;
  const { issuedAt } = body.summary;
  return { app, wallet, id: event.id, time: Date.parse(event.time), session: event.session ?? null, issuedAt };
}

function keysWanted(batches: readonly Found[], scopes: ReadonlySet<string> | null): WantedKey[] {
  const wanted = new Map<string, WantedKey>();
  for (const { batch, heads, stored, reader } of batches) {
    if (!heads) continue;
    const { app, wallet, rootVersion, body } = batch;
    const open = reader.mayOpen(body.epoch);
    const names = new Set(stored.events.flatMap((event) => Object.keys(event)));
    for (const scope of names)
      if (open.has(scope) && (!scopes || scopes.has(scope)))
        wanted.set(`${nameOf(batch)}/${rootVersion}/${body.epoch}/${scope}`, {
          app,
          wallet,
          rootVersion,
          epoch: body.epoch,
          scope,
        });
  }
  return [...wanted.values()];
}
