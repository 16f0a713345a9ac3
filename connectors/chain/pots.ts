import { blake2AsU8a } from '@polkadot/util-crypto';

/** Highest index that `utility.asDerivative` takes (u16). */
const MAX_POT = 65_535;

/**
 * The prepaid pot of index `pot`: the account that `utility.asDerivative(pot, …)` acts as, so that only the operator can debit it.
 * `BLAKE2b-256("modlpy/utilisuba" ‖ operator[32] ‖ u16le(pot))`, from Substrate's `pallet_utility::derivative_account_id`.
 * @param operator 32-byte public key
 * @returns 32 bytes
 */
export function potAccount(operator: Uint8Array, pot: number): Uint8Array {
  if (!Number.isInteger(pot) || pot < 0 || pot > MAX_POT)
    throw new RangeError(`A pot index is 0…${MAX_POT}, not ${pot}.`);
  const prefix = new TextEncoder().encode('modlpy/utilisuba');
  const preimage = new Uint8Array(prefix.length + 34);
  preimage.set(prefix);
  preimage.set(operator, prefix.length);
  new DataView(preimage.buffer).setUint16(prefix.length + 32, pot, true);
  return blake2AsU8a(preimage, 256);
}
