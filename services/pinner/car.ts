import { addBlock, blockLength, close, createWriter, headerLength } from '@ipld/car/buffer-writer';
import type { CID } from 'multiformats/cid';

interface Block {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/** A CARv1 with one root. */
export function carOf(root: CID, blocks: readonly Block[]): Uint8Array {
  const size = blocks.reduce((sum, block) => sum + blockLength(block), headerLength({ roots: [root] }));
  const writer = createWriter(new ArrayBuffer(size), { roots: [root] });
  for (const block of blocks) addBlock(writer, block);
  return close(writer);
}
