import { encode } from '@ipld/dag-cbor';
import type { CID } from 'multiformats/cid';
import { cidOf } from './cid.ts';

export interface Manifest {
  readonly cid: CID;
  readonly block: Uint8Array;
}

/** The root of a flush, `{v: 1, segments: [link…]}`: pinning it pins every segment. */
export function manifestOf(segments: readonly CID[]): Manifest {
  const block = encode({ v: 1, segments });
  return { cid: cidOf(block), block };
}
