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
  /** In batch order: scope name → envelope. */
  readonly events: readonly Readonly<Record<string, Uint8Array>>[];
}

/** Where a batch is, and what it must hash to. */
export interface BatchPlace {
  /** Bytes of the segment's CID. */
  readonly segment: Uint8Array;
  readonly slot: number;
  /** BLAKE2b-256 of the batch's DAG-CBOR. */
  readonly hash: Uint8Array;
}

type Segment = Promise<readonly SegmentSlot[]>;

/** Reads batches out of segments. A segment is at most 1 MiB and fetched once while it is among the last `keep` ones. */
export class SegmentReader {
  readonly #ipfs: Pick<IpfsCluster, 'block'>;
  readonly #keep: number;
  readonly #segments = new Map<string, Segment>();

  constructor(ipfs: Pick<IpfsCluster, 'block'>, keep = Number.POSITIVE_INFINITY) {
    this.#ipfs = ipfs;
    this.#keep = keep;
  }

  /**
   * @throws FatalError `batch_not_stored` when the segment has no such slot, or the batch there another hash; RetriableError when no
   * node gives the segment.
   */
  async batch({ segment, slot, hash }: BatchPlace): Promise<StoredBatch> {
    const cid = CID.decode(segment);
    const found = (await this.#segment(cid))[slot];
    if (!found) throw new FatalError('batch_not_stored', `segment ${cid} has no slot ${slot}`);
    if (!equalBytes(blake2b256(found.encoded), hash))
      throw new FatalError(
        'batch_not_stored',
        `the batch at ${cid}/batches/${slot} does not have the hash that the index names`,
      );
    return found.batch;
  }

  #segment(cid: CID): Segment {
    const key = cid.toString();
    const known = this.#segments.get(key);
    if (known) {
      // The one that was used last goes last.
      this.#segments.delete(key);
      this.#segments.set(key, known);
      return known;
    }
    const fetched = this.#ipfs.block(cid).then(segmentSlots);
    // A failed fetch is nobody's answer for the next time.
    fetched.catch(() => this.#segments.delete(key));
    for (const oldest of this.#segments.keys()) {
      if (this.#segments.size < this.#keep) break;
      this.#segments.delete(oldest);
    }
    this.#segments.set(key, fetched);
    return fetched;
  }
}
