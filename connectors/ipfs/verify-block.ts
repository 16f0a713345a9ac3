import type { CID } from 'multiformats/cid';
import { blake2b256 } from '../../protocol/index.ts';
import { FatalError } from '../../services/pipeline/errors.ts';

/** Multihash code of BLAKE2b-256, the only hash of the project's CIDs. */
const BLAKE2B_256 = 0xb220;

/**
 * Checks that bytes are what their CID names, so that a node need not be trusted.
 * @throws FatalError `cid_mismatch` for other bytes, `unknown_hash` for a CID that this project never makes.
 */
export function verifyBlock(cid: CID, bytes: Uint8Array): void {
  if (cid.multihash.code !== BLAKE2B_256) {
    throw new FatalError('unknown_hash', `${cid} is hashed with 0x${cid.multihash.code.toString(16)}, not BLAKE2b-256`);
  }
  if (Buffer.compare(blake2b256(bytes), cid.multihash.digest) !== 0) {
    throw new FatalError('cid_mismatch', `the node answered ${bytes.length} bytes that are not block ${cid}`);
  }
}
