import { decodeSs58, fromHex, isHex, isNetwork, ProtocolError } from '../../protocol/index.ts';
import type { Transport } from './transport.ts';

/** A 32-byte public key: its bytes, 64 characters of hex, or an SS58 address of any network. */
export type Key = Uint8Array | string;

/** @throws ProtocolError `ss58`, `length` */
export function keyOf(key: Key): Uint8Array {
  if (typeof key !== 'string') {
    if (key.length !== 32) throw new ProtocolError('length', 'a public key has 32 bytes');
    return key;
  }
  return isHex(key, 32) ? fromHex(key, 32) : decodeSs58(key).key;
}

/** What a deployment says of itself. */
export interface Network {
  /** Part of every signature. */
  readonly network: string;
  /** ed25519, 32 bytes: what its receipts are signed with. */
  readonly receiptKey: Uint8Array;
}

/**
 * What was given counts; what was not is asked for once and believed: whoever answers for the address decides then. Give both where that matters.
 * @throws TryAgain, or Error when the answer is none
 */
export async function networkOf(
  transport: Transport,
  given: { readonly network?: string; readonly receiptKey?: Key },
): Promise<Network> {
  const { network, receiptKey } = given;
  if (network !== undefined && receiptKey !== undefined) return { network, receiptKey: keyOf(receiptKey) };
  const told = await transport.get<{ network?: unknown; receiptKey?: unknown }>('/v1/network', {});
  if (!isNetwork(told.network) || !isHex(told.receiptKey, 32))
    throw new Error('GET /v1/network does not answer as a DDC does: is the address that of an API?');
  return {
    network: network ?? told.network,
    receiptKey: receiptKey ? keyOf(receiptKey) : fromHex(told.receiptKey, 32),
  };
}
