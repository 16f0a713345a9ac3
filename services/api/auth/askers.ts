import { type Asker, fromHex } from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { Caller } from './bearer.ts';

/**
 * As whom a caller may be given something of another's wallet: an app as one of its own exports, a wallet as the holder of each of its
 * registered certificates that has not ended.
 */
export async function askersOf(
  caller: Caller,
  consents: Pick<Consents, 'certificates'>,
  now: number,
): Promise<Asker[]> {
  if (caller.signer === 'app') return [{ exportOf: caller.app }];
  const certificates = await consents.certificates(fromHex(caller.wallet, 32));
  return certificates.filter((one) => one.content.expiresAt > now).map((certificate) => ({ certificate }));
}
