import type { CID } from 'multiformats/cid';
import { CborWriter, headSize, LIST, MAP, UINT } from './cbor.ts';
import { cidOf } from './cid.ts';

/** A block is at most 1 MiB: what every IPFS implementation exchanges. */
export const MAX_SEGMENT_BYTES = 1024 * 1024;

/** `{v: 1, batches: […]}` without the list's head and content. */
const FRAME_BYTES = 1 + 2 + 1 + 8;

/**
 * The longest batch that fits a segment alone, bytes of its DAG-CBOR. The encryptor refuses batches of more than 1,000,000
 * bytes, so a longer one reaches this room only by another hand.
 */
export const MAX_BATCH_BYTES = MAX_SEGMENT_BYTES - FRAME_BYTES - 1;

export interface Segment {
  readonly cid: CID;
  readonly block: Uint8Array;
  /** Index of its first batch in the list that was packed; its slots count from there. */
  readonly first: number;
  readonly count: number;
}

/**
 * Packs encoded batches, in their order, into as few DAG-CBOR blocks `{v, batches}` as fit.
 * @param batches DAG-CBOR of each batch, at most `MAX_BATCH_BYTES`.
 */
export function packSegments(batches: readonly Uint8Array[], limit = MAX_SEGMENT_BYTES): Segment[] {
  const segments: Segment[] = [];
  let first = 0;
  let bytes = 0;
  for (let i = 0; i <= batches.length; i++) {
    const next = batches[i];
    if (next && FRAME_BYTES + headSize(i - first + 1) + bytes + next.length <= limit) {
      bytes += next.length;
      continue;
    }
    if (i > first) segments.push(segment(batches.slice(first, i), bytes, first));
    if (next && FRAME_BYTES + 1 + next.length > limit) {
      throw new RangeError(`a batch of ${next.length} bytes does not fit a segment of ${limit}`);
    }
    first = i;
    bytes = next?.length ?? 0;
  }
  return segments;
}

function segment(batches: readonly Uint8Array[], bytes: number, first: number): Segment {
  const writer = new CborWriter(FRAME_BYTES + headSize(batches.length) + bytes);
  writer.head(MAP, 2).text('v').head(UINT, 1).text('batches').head(LIST, batches.length);
  for (const batch of batches) writer.raw(batch);
  const block = writer.finish();
  return { cid: cidOf(block), block, first, count: batches.length };
}
