const M = 0x5bd1e995;
const R = 24;
const SEED = 0x9747b28c;

/** MurmurHash2 as Kafka's Java client computes it over a record's key; a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let h = SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let k = Math.imul(view.getInt32(at, true), M);
    k = Math.imul(k ^ (k >>> R), M);
    h = Math.imul(h, M) ^ k;
  }
  for (let left = length - at; left > 0; left -= 1) {
    h ^= (bytes[at + left - 1] as number) << (8 * (left - 1));
    if (left === 1) h = Math.imul(h, M);
  }
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

/**
 * The partition of a wallet in every batch topic: what Kafka's default partitioner gives a record with this key.
 * @param wallet 32-byte public key
 * @param count partitions of the topic
 */
export function partitionOf(wallet: Uint8Array, count: number): number {
  return (murmur2(wallet) & 0x7fffffff) % count;
}
