import { readFile } from 'node:fs/promises';
import { fromHex, isHex, type KeyPair, keyPairFromSeed } from '../../../protocol/index.ts';
import { FatalError } from '../../pipeline/errors.ts';

/** The ed25519 pair that signs receipts, from the file that `DDC_RECEIPT_SEED_FILE` names. @throws FatalError `receipt_seed` */
export async function readReceiptKey(path: string): Promise<KeyPair> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new FatalError(
      'receipt_seed',
      `The seed for receipts at ${path} cannot be read: set DDC_RECEIPT_SEED_FILE to it.`,
      { cause },
    );
  }
  if (!isHex(text, 32))
    throw new FatalError('receipt_seed', 'The file that DDC_RECEIPT_SEED_FILE names is not 64 lower-case hex digits.');
  return keyPairFromSeed('ed25519', fromHex(text, 32));
}
