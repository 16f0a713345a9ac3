import { type Algorithm, KeyPair } from '../../protocol/index.ts';
import { Refusal } from './outcome.ts';

const NETWORK = 42;

/** Twelve new words. */
export async function newPhrase(): Promise<string> {
  const { cryptoWaitReady, mnemonicGenerate } = await import('@polkadot/util-crypto');
  await cryptoWaitReady();
  return mnemonicGenerate(12);
}

/**
 * The account of a secret URI as Substrate tools write it: a phrase or 0x and 64 hex digits, then `//junctions`, then `///password`.
 * @throws Refusal `phrase`, which does not repeat it
 */
export async function accountOf(uri: string, algorithm: Algorithm): Promise<{ keyPair: KeyPair; address: string }> {
  const crypto = await import('@polkadot/util-crypto');
  await crypto.cryptoWaitReady();
  try {
    const { phrase, path, password } = crypto.keyExtractSuri(uri.trim());
    const hex = /^0x([0-9a-fA-F]{64})$/.exec(phrase)?.[1];
    const seed = hex ? new Uint8Array(Buffer.from(hex, 'hex')) : crypto.mnemonicToMiniSecret(phrase, password);
    const pair = algorithm === 'sr25519' ? crypto.sr25519PairFromSeed(seed) : crypto.ed25519PairFromSeed(seed);
    const { publicKey, secretKey } = crypto.keyFromPath(pair, path, algorithm);
    return { keyPair: new KeyPair(publicKey, secretKey), address: crypto.encodeAddress(publicKey, NETWORK) };
  } catch {
    // The library's messages may repeat what was given.
    throw new Refusal(
      'phrase',
      'This is no secret URI: a BIP-39 phrase or 0x and 64 hex digits, then //junctions (only hard ones with ed25519).',
    );
  }
}
