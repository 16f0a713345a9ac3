import { type Algorithm, encodeBearer, ready, toHex } from '../protocol/index.ts';
import { appToken } from '../sdk/js/index.ts';
import { OPERATIONS } from '../services/api/auth/operations.ts';
import { accountOf } from './crypto/account.ts';
import { UsageError } from './crypto/outcome.ts';
import { publicKeyOption } from './crypto/places.ts';

const HOUR = 3_600_000;
const KNOWN: readonly string[] = OPERATIONS;

export interface TokenWish {
  /** Secret URI of the app's account. */
  readonly secret: string;
  readonly algorithm: Algorithm;
  readonly network: string;
  /** `*`: all of the app. */
  readonly wallet: string;
  readonly operations: readonly string[];
  readonly hours: number;
}

/**
 * A token of the app, as it is sent behind `Bearer`. Nothing is asked or stored: the app's backend makes its own as well, with the SDK.
 * @param app as it is registered. @throws Refusal `phrase`; UsageError naming what is wrong with the rest
 */
export async function tokenOfApp(app: string, { secret, algorithm, network, ...wish }: TokenWish): Promise<string> {
  const key = await publicKeyOption(app, '<key>');
  for (const operation of wish.operations)
    if (!KNOWN.includes(operation))
      throw new UsageError(`${operation} is no operation. There are ${KNOWN.join(', ')}.`);
  const { keyPair } = await accountOf(secret, algorithm);
  if (toHex(keyPair.publicKey) !== toHex(key)) throw new UsageError(`The key of --key-file is not that of ${app}.`);
  await ready();
  const wallet = wish.wallet === '*' ? {} : { wallet: await publicKeyOption(wish.wallet, '--wallet') };
  const { publicKey, secretKey } = keyPair;
  const { operations, hours } = wish;
  const settings = { network, operations, expiresAt: Date.now() + hours * HOUR, ...wallet };
  return encodeBearer(appToken({ publicKey, secretKey, algorithm }, settings));
}
