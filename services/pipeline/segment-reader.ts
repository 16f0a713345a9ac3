import { CID } from 'multiformats/cid';
import { blake2b256, equalBytes } from '../../protocol/index.ts';
import { FatalError } from './errors.ts';
import type { IpfsCluster } from './ports/ipfs.ts';
import { type SegmentSlot, segmentSlots } from './segment-slots.ts';

/** A batch as it stands in a segment. */
export interface StoredBatch {
  readonly subject: Uint8Array;
  readonly app: Uint8Array;
  readonly epoch: number;
  /** Envelope of scope `__meta`. */
  readonly meta: Uint8Array;
  /** How many events. */
  readonly count: number;
  /** In batch order: scope name → envelope. */
  readonly events: readonly Readonly<Record<string, Uint8Array>>[];
  /** One envelope, base64url; undefined where the event has no such scope. */
  envelopeText(index: number, scope: string): string | undefined;
}

/** Where a batch is, and what it must hash to. */
export interface BatchPlace {
  /** Bytes of the segment's CID. */
  readonly segment: Uint8Array;
  readonly slot: number;
  /** BLAKE2b-256 of the batch's DAG-CBOR. */
  readonly hash: Uint8Array;
}

/** `isChecked`: the block was hashed as a whole. */
type Segment =
  | { readonly slots: Promise<readonly SegmentSlot[]>; readonly isChecked: true }
  | { readonly slots: Promise<readonly SegmentSlot[] | undefined>; readonly isChecked: false };
export type SegmentSource = Pick<IpfsCluster, 'block' | 'unchecked'>;

/**
 * Reads batches out of segments. A segment is at most 1 MiB and fetched once while it is among the last `keep` ones. Every byte that is handed
 * out is hashed once, as part of its batch, whose hash the index knows; the segment as a whole is checked only when a batch is not as it should be,
 * to tell a node that lies from an index that does.
 */
export class SegmentReader {
  readonly #ipfs: SegmentSource;
  readonly #keep: number;
  readonly #segments = new Map<string, Segment>();

  constructor(ipfs: SegmentSource, keep = Number.POSITIVE_INFINITY) {
    this.#ipfs = ipfs;
    this.#keep = keep;
  }

  /**
   * @throws FatalError `batch_not_stored` when the segment has no such slot, or the batch there another hash; RetriableError when no
   * node gives the segment.
   */
  async batch({ segment, slot, hash }: BatchPlace): Promise<StoredBatch> {
    const cid = CID.decode(segment);
    const isIt = (found: SegmentSlot | undefined): found is SegmentSlot =>
      found !== undefined && equalBytes(blake2b256(found.encoded), hash);
    const found = (await this.#segment(cid))?.[slot];
    if (isIt(found)) return found.batch;
    const checked = (await this.#checked(cid))[slot];
    if (checked === undefined) throw new FatalError('batch_not_stored', `segment ${cid} has no slot ${slot}`);
    if (!isIt(checked))
      throw new FatalError(
        'batch_not_stored',
        `the batch at ${cid}/batches/${slot} does not have the hash that the index names`,
      );
    return checked.batch;
  }

  /** undefined: what the node gave is no segment. */
  #segment(cid: CID): Promise<readonly SegmentSlot[] | undefined> {
    const key = cid.toString();
    const known = this.#segments.get(key);
    // The one that was used last goes last.
    if (known) return this.#keepAs(key, known).slots;
    const slots = this.#ipfs.unchecked(cid).then(slotsOrNone);
    return this.#keepAs(key, { slots, isChecked: false }).slots;
  }

  async #checked(cid: CID): Promise<readonly SegmentSlot[]> {
    const key = cid.toString();
    const known = this.#segments.get(key);
    if (known?.isChecked) return known.slots;
    const slots = this.#ipfs.block(cid).then(segmentSlots);
    this.#keepAs(key, { slots, isChecked: true });
    return slots;
  }

  #keepAs<S extends Segment>(key: string, segment: S): S {
    // A failed fetch is nobody's answer for the next time.
    segment.slots.catch(() => this.#segments.get(key) === segment && this.#segments.delete(key));
    this.#segments.delete(key);
    for (const oldest of this.#segments.keys()) {
      if (this.#segments.size < this.#keep) break;
      this.#segments.delete(oldest);
    }
    this.#segments.set(key, segment);
    return segment;
  }
}

function slotsOrNone(block: Uint8Array): readonly SegmentSlot[] | undefined {
  try {
    return segmentSlots(block);
  } catch (error) {
    if (error instanceof FatalError) return undefined;
    throw error;
  }
}
