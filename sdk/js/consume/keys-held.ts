import { type KeyPair, toHex } from '../../../protocol/index.ts';
import { KeyNotHeld } from '../errors.ts';
import type { ScopeKeyOf } from '../read-event.ts';
import { openKeys, type SealedKey } from '../wallet-requests.ts';
import type { ConsumeOptions } from './options.ts';

/** Wallets that are told of. */
const MOST_TOLD = 10_000;

/**
 * Opens what is sealed to `pair`. A wallet that grants to another key of this account alone gives nothing, and is told of once: anybody may
 * grant to an old key, and would hold up everybody else.
 */
export function keysHeld(
  pair: KeyPair,
  onTrouble: NonNullable<ConsumeOptions['onTrouble']>,
): (wallet: Uint8Array, sealed: readonly SealedKey[]) => ScopeKeyOf[] {
  const told = new Set<string>();
  return (wallet, sealed) => {
    const opened = openKeys(sealed, pair);
    const name = toHex(wallet);
    if (sealed.length > 0 && opened.length === 0 && !told.has(name) && told.size < MOST_TOLD) {
      told.add(name);
      const error = new KeyNotHeld(name);
      onTrouble({ code: error.code, message: error.message, error });
    }
    return opened;
  };
}
