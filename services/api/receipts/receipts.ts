import {
  batchPayload,
  type Cbor,
  closeEvent,
  fromHex,
  leafOf,
  type Meta,
  proofIn,
  type Receipt,
  type StatedEvent,
  scrub,
  treeLevels,
} from '../../../protocol/index.ts';
import { RetriableError } from '../../pipeline/errors.ts';
import type { IndexStore } from '../../pipeline/ports/index-store.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import type { Owner, Vault } from '../../pipeline/ports/vault.ts';
import { SegmentReader, type SegmentSource } from '../../pipeline/segment-reader.ts';
import type { SettlementProof } from '../../pipeline/settlement-proof.ts';
import { isLive, type LiveBatch, metaOf } from '../disclosures/disclosed-events.ts';
import { isReadable } from '../disclosures/unreadable.ts';
import { createPlaces } from '../limits/places.ts';
import { ApiProblem } from '../problems.ts';
import { statedBatch } from './stated-batch.ts';

export interface ReceiptsDeps {
  readonly network: string;
  readonly index: Pick<IndexStore, 'batches' | 'withEvent'>;
  readonly vault: Pick<Vault, 'roots'>;
  /** Where segments are read, by name. */
  readonly clusters: ReadonlyMap<string, SegmentSource>;
  readonly removedEvents: Pick<RemovedEvents, 'of'>;
  /** Null while a batch is in no round. */
  readonly settlementOf: (batchId: Uint8Array) => Promise<SettlementProof | null>;
  /** With the operator's receipt key. */
  readonly sign: (payload: { [name: string]: Cbor }) => Receipt;
  readonly now: () => number;
}

/** Receipts being made at once in one process: each holds a segment of 1 MiB and what is opened of it. */
const MOST_AT_ONCE = 4;
/** Segments kept: whoever asks for many receipts asks for neighbours. */
const KEPT = 4;
/** Batches whose range of ids holds an event's: of a wallet whose ids are made as UUIDv7 should be, one or two. */
const MOST_CANDIDATES = 16;
/** Whoever gets a receipt is the owner or the owner's app: what a reader may open is not asked. */
const EVERYTHING = { isOwner: true, mayOpen: () => ({ has: () => true }) };

export interface Receipts {
  /**
   * @param caller key in hex: of the receipts at once it has half at most
   * @param mayRead whether a batch of this owner is any business of the caller's
   * @throws ApiProblem `unknown_batch`, `dead_batch`, `erased`, `overloaded`, `rate_limited`
   */
  batch(caller: string, batchId: Uint8Array, mayRead: (owner: Owner) => boolean): Promise<Receipt>;
  /**
   * @param batchId the batch that the event is in, where its id does not say it
   * @throws ApiProblem `unknown_event`, `content_unchecked`, `many_batches`, `erased`, `overloaded`, `rate_limited`
   */
  event(caller: string, owner: Owner, eventId: string, batchId?: Uint8Array): Promise<Receipt>;
}

/** What the operator states about what it took: signed when it is asked for, from what the stores say then. */
export function createReceipts(deps: ReceiptsDeps): Receipts {
  const { network, index, now, settlementOf, sign } = deps;
  const openMetaOf = createMetaReader(deps);
  const places = createPlaces(MOST_AT_ONCE, 'receipts');

  async function oneOfFew<T>(caller: string, work: () => Promise<T>): Promise<T> {
    const leave = places.take(caller);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  async function receiptOf(batch: LiveBatch, meta: Meta | null, stated: StatedEvent | null): Promise<Receipt> {
    const settled = await settlementOf(batch.batchId);
    // Last: an event whose removal is committed by now is shown by its leaf alone.
    const event = stated && (await withoutRemoved(batch, stated));
    return sign(batchPayload(statedBatch({ network, now: now(), batch, meta, settled }, event)));
  }

  async function withoutRemoved(batch: LiveBatch, stated: StatedEvent): Promise<StatedEvent> {
    const { event } = stated;
    if (event === null) return stated;
    const { app, wallet, body } = batch;
    const { id, session = null } = event;
    const at = { app, wallet, id, session, time: Date.parse(event.time), issuedAt: body.summary.issuedAt };
    const [removed] = await deps.removedEvents.of([at]);
    return removed ? { ...stated, event: null, leaf: leafOf(event) } : stated;
  }

  return {
    batch: (caller, batchId, mayRead) =>
      oneOfFew(caller, async () => {
        const [found] = await index.batches([batchId]);
        // The owner of an erased batch is no longer known: it looks like one that never was.
        if (!found || !mayRead(found)) throw new ApiProblem('unknown_batch');
        if (!isLive(found)) throw new ApiProblem('dead_batch');
        return receiptOf(found, await openMetaOf(found), null);
      }),

    event: (caller, owner, eventId, batchId) =>
      oneOfFew(caller, async () => {
        const candidates = (await index.withEvent(owner, eventId, { batchId, limit: MOST_CANDIDATES + 1 })).filter(
          isLive,
        );
        if (candidates.length > MOST_CANDIDATES) throw new ApiProblem('many_batches');
        for (const batch of candidates) {
          const meta = await openMetaOf(batch);
          const at = meta?.events.findIndex((event) => !('leaf' in event) && event.id === eventId) ?? -1;
          if (meta !== null && at >= 0) return receiptOf(batch, meta, statedEvent(meta, at));
        }
        const isSealed = candidates.some(({ body }) => body.mode === 'client');
        throw new ApiProblem(isSealed ? 'content_unchecked' : 'unknown_event');
      }),
  };
}

/** Opens the meta of a batch, with the root as it is then. */
function createMetaReader({ vault, clusters }: ReceiptsDeps) {
  const readers = new Map([...clusters].map(([name, cluster]) => [name, new SegmentReader(cluster, KEPT)]));
  /** @returns null where the client encrypted it. @throws ApiProblem `erased` */
  return async (batch: LiveBatch): Promise<Meta | null> => {
    const { app, wallet, rootVersion, body } = batch;
    const reader = readers.get(body.cluster);
    if (body.mode === 'service' && !reader)
      throw new RetriableError('unknown_cluster', `this API was given no node of the IPFS cluster ${body.cluster}`);
    const stored = body.mode === 'service' ? await reader?.batch(body) : undefined;
    const [root] = await vault.roots([{ app, wallet, rootVersion }]);
    try {
      if (!isReadable(batch, root, EVERYTHING)) throw new ApiProblem('erased');
      return stored ? metaOf(batch, stored, root.userRoot) : null;
    } finally {
      root?.userRoot.fill(0);
      scrub();
    }
  };
}

function statedEvent(meta: Meta, index: number): StatedEvent {
  const event = meta.events[index];
  const proof = proofIn(treeLevels(meta.leaves), index);
  if (event === undefined) throw new RangeError(`a batch without event ${index}`);
  return 'leaf' in event
    ? { index, proof, event: null, leaf: fromHex(event.leaf, 32) }
    : { index, proof, event: closeEvent(event), leaf: null };
}
