import { type Asker, fromHex } from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { Caller } from './bearer.ts';

/** Live certificates of a wallet that are looked at, newest first: each costs a look through the owner's grants. */
export const MOST_CERTIFICATES = 8;

/**
 * As whom a caller may be given something of another's wallet: an app as one of its own exports, a wallet as the holder of each of its
 * newest registered certificates that have not ended.
 */
export async function askersOf(
  caller: Caller,
  consents: Pick<Consents, 'certificates'>,
  now: number,
): Promise<Asker[]> {
  if (caller.signer === 'app') return [{ exportOf: caller.app }];
  const certificates = await consents.certificates(fromHex(caller.wallet, 32));
  const live = certificates.filter((one) => one.content.expiresAt > now);
  return live.slice(0, MOST_CERTIFICATES).map((certificate) => ({ certificate }));
}
