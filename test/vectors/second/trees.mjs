// Merkle trees of RFC 6962's shape and their proofs, from docs/formats.md ("Events").
import { cat, H, need } from './bytes.mjs';

const node = (left, right) => H(cat([1], left, right));

function splitOf(count) {
  let split = 1;
  while (2 * split < count) split *= 2;
  return split;
}

export function treeOf(leaves) {
  need(leaves.length > 0, 'count');
  if (leaves.length === 1) return leaves[0];
  const split = splitOf(leaves.length);
  return node(treeOf(leaves.slice(0, split)), treeOf(leaves.slice(split)));
}

/** The root that a proof leads to; its last hash is the uppermost. */
export function rootFromProof(leaf, index, count, proof) {
  need(Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 0 && index < count, 'proof');
  if (count === 1) {
    need(proof.length === 0, 'proof');
    return leaf;
  }
  need(proof.length > 0 && proof.at(-1).length === 32, 'proof');
  const split = splitOf(count);
  const sibling = proof.at(-1);
  const below = proof.slice(0, -1);
  return index < split
    ? node(rootFromProof(leaf, index, split, below), sibling)
    : node(sibling, rootFromProof(leaf, index - split, count - split, below));
}
