import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { blake2b256 } from '../../protocol/index.ts';

const DAG_CBOR = 0x71;
const BLAKE2B_256 = 0xb220;

/** CIDv1 of a DAG-CBOR block, hashed with BLAKE2b-256. Computed here; the node's answer is only compared with it. */
export function cidOf(block: Uint8Array): CID {
  return CID.createV1(DAG_CBOR, create(BLAKE2B_256, blake2b256(block)));
}
