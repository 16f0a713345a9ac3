/** A result of at most this many bytes shares its buffer with its neighbours. */
const SMALL = 1_024;
const SLAB = 16 * 1_024;

let slab: Uint8Array = new Uint8Array();
let used = 0;

/**
 * A copy of `bytes` that is cheap to make: an `ArrayBuffer` of its own takes longer than encrypting a few hundred bytes. Small copies lie side by side
 * in one buffer, as those of Node's `Buffer` do, so what is given may be shown to everybody: nothing secret goes in here.
 */
export function copyOut(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > SMALL) return new Uint8Array(bytes);
  if (used + length > slab.length) {
    slab = new Uint8Array(SLAB);
    used = 0;
  }
  const copy = slab.subarray(used, used + length);
  copy.set(bytes);
  used += length;
  return copy;
}
