import { concat, equalBytes } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { blake2b256 } from './hash.ts';
import { reserve, sodiumWasm } from './sodium.ts';

/** 0x01 ‖ left ‖ right. */
const NODE = 65;
const NODE_PREFIX = Uint8Array.of(1);

/**
 * Folds `count` leaves that lie at `at` in wasm memory; their place is overwritten, and `scratch` has room for 65 bytes.
 * Pairing neighbours level by level, the odd one moving up, gives the tree of RFC 6962 (split at the largest power of two).
 */
export function foldTree(at: number, count: number, scratch: number): void {
  const wasm = sodiumWasm();
  const heap = wasm.HEAPU8;
  heap[scratch] = 1;
  let width = count;
  while (width > 1) {
    const pairs = width >> 1;
    for (let i = 0; i < pairs; i++) {
      heap.copyWithin(scratch + 1, at + 64 * i, at + 64 * i + 64);
      wasm._crypto_generichash(at + 32 * i, 32, scratch, NODE, 0, 0, 0);
    }
    if (width % 2 === 1) heap.copyWithin(at + 32 * pairs, at + 32 * (width - 1), at + 32 * width);
    width = pairs + (width % 2);
  }
}

function check(leaves: readonly Uint8Array[]): void {
  if (leaves.length === 0) throw new ProtocolError('count');
  for (const leaf of leaves) if (leaf.length !== 32) throw new ProtocolError('length', 'leaf');
}

/**
 * Merkle root of 1 or more leaves of 32 bytes, in the shape of RFC 6962; a node is BLAKE2b-256(0x01 ‖ left ‖ right). 32 bytes.
 * @throws ProtocolError `count` without leaves, `length` of a leaf.
 */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  check(leaves);
  const scratch = reserve(NODE + 32 * leaves.length);
  const at = scratch + NODE;
  const heap = sodiumWasm().HEAPU8;
  for (let i = 0; i < leaves.length; i++) heap.set(leaves[i] as Uint8Array, at + 32 * i);
  foldTree(at, leaves.length, scratch);
  return heap.slice(at, at + 32);
}

const nodeOf = (left: Uint8Array, right: Uint8Array) => blake2b256(concat(NODE_PREFIX, left, right));

/**
 * Every level of the tree over 1 or more leaves: the leaves first, the root alone last. For whoever proves many leaves of one tree.
 * @example disclose(batch, 2, [], treeLevels(batch.leaves)) // hashes the tree once, not once per event
 * @throws ProtocolError `count`, `length`.
 */
export function treeLevels(leaves: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  check(leaves);
  const levels: (readonly Uint8Array[])[] = [leaves];
  let level = leaves;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let k = 0; k + 1 < level.length; k += 2) next.push(nodeOf(level[k] as Uint8Array, level[k + 1] as Uint8Array));
    if (level.length % 2 === 1) next.push(level[level.length - 1] as Uint8Array);
    levels.push(next);
    level = next;
  }
  return levels;
}

/** Sibling hashes from the leaf upwards, 32 bytes each, of number `index` in `treeLevels`. @throws ProtocolError `proof` when there is no such leaf. */
export function proofIn(levels: readonly (readonly Uint8Array[])[], index: number): Uint8Array[] {
  const count = levels[0]?.length ?? 0;
  if (!Number.isInteger(index) || index < 0 || index >= count) throw new ProtocolError('proof', 'index');
  return levels.flatMap((level, height) => {
    const sibling = level[Math.floor(index / 2 ** height) ^ 1];
    return sibling === undefined ? [] : [sibling];
  });
}

/**
 * Sibling hashes from the leaf upwards, 32 bytes each.
 * @example verifyInclusion({ leaf: leaves[2], index: 2, count: leaves.length, proof: inclusionProof(leaves, 2), root: rootOf(leaves) }) // true
 * @throws ProtocolError `proof` when there is no such leaf, `count`, `length`.
 */
export const inclusionProof = (leaves: readonly Uint8Array[], index: number): Uint8Array[] =>
  proofIn(treeLevels(leaves), index);

/** The root that a proof leads to, or null when its length is not exact for (index, count). */
export function rootFromProof(
  leaf: Uint8Array,
  index: number,
  count: number,
  proof: readonly Uint8Array[],
): Uint8Array | null {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count) || index < 0 || index >= count || leaf.length !== 32)
    return null;
  if (proof.some((hash) => hash.length !== 32)) return null;
  let hash = leaf;
  let used = 0;
  let i = index;
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    const isLast = i === width - 1;
    if (!(isLast && width % 2 === 1)) {
      const sibling = proof[used++];
      if (sibling === undefined) return null;
      hash = i % 2 === 0 ? nodeOf(hash, sibling) : nodeOf(sibling, hash);
    }
    i = Math.floor(i / 2);
  }
  return used === proof.length ? hash : null;
}

/** Whether `leaf` is number `index` (from 0) of the `count` leaves under `root`: false for anything malformed, too. */
export function verifyInclusion(claim: {
  leaf: Uint8Array;
  index: number;
  count: number;
  proof: readonly Uint8Array[];
  root: Uint8Array;
}): boolean {
  const root = rootFromProof(claim.leaf, claim.index, claim.count, claim.proof);
  return root !== null && equalBytes(root, claim.root);
}
