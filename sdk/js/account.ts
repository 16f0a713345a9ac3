import {
  cryptoWaitReady,
  keyExtractPath,
  keyExtractSuri,
  keyFromPath,
  mnemonicToMiniSecret,
  sr25519PairFromSeed,
} from '@polkadot/util-crypto';
import { KeyPair } from '../../protocol/index.ts';

/** A key pair that signs batches; `publicKey` is the wallet. The secret half does not show itself when printed. */
export class Account extends KeyPair {
  readonly algorithm = 'sr25519';
}

/**
 * An sr25519 account from a secret URI as Substrate tools write it: a BIP-39 phrase, then derivation junctions.
 *
 * @example
 * const alice = await accountFromPhrase('bottom drive obey lake curtain smoke basket hold race lonely fit walk//alice');
 */
export async function accountFromPhrase(uri: string): Promise<Account> {
  await cryptoWaitReady();
  const { phrase, path, password } = keyExtractSuri(uri);
  return fromPair(keyFromPath(sr25519PairFromSeed(mnemonicToMiniSecret(phrase, password)), path, 'sr25519'));
}

/** A child account by derivation junctions, such as `//customer//42`: cheap, where a phrase costs a key derivation function. */
export function deriveAccount(parent: Account, path: string): Account {
  return fromPair(keyFromPath(parent, keyExtractPath(path).path, 'sr25519'));
}

const fromPair = (pair: { publicKey: Uint8Array; secretKey: Uint8Array }): Account =>
  new Account(pair.publicKey, pair.secretKey);
