import { decode, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { blake2b256, toHex } from '../../protocol/index.ts';
import type { IpfsCluster } from '../../services/pipeline/ports/ipfs.ts';
import type { IndexRow } from './index-rows.ts';

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

/** Reads batches out of segments, fetching each segment at most once. */
export class SegmentReader {
  readonly #ipfs: IpfsCluster;
  readonly #segments = new Map<string, Promise<readonly StoredBatch[]>>();

  constructor(ipfs: IpfsCluster) {
    this.#ipfs = ipfs;
  }

  /** @throws when the segment has no such slot, or the batch there does not have the hash that the row names. */
  async batch(row: IndexRow): Promise<StoredBatch> {
    const cid = CID.decode(row.segment);
    const batch = (await this.#segment(cid))[row.slot];
    if (!batch) throw new Error(`segment ${cid} has no slot ${row.slot}`);
    if (toHex(blake2b256(encode(batch))) !== toHex(row.hash)) {
      throw new Error(`the batch at ${cid}/batches/${row.slot} does not have the hash that the index names`);
    }
    return batch;
  }

  #segment(cid: CID): Promise<readonly StoredBatch[]> {
    const key = cid.toString();
    const known = this.#segments.get(key);
    if (known) return known;
    const fetched = this.#ipfs.block(cid).then((block) => decode<{ batches: StoredBatch[] }>(block).batches);
    this.#segments.set(key, fetched);
    return fetched;
  }
}
