import { randomBytes } from 'node:crypto';
import { type KeyPair, signRequest, toHex, verifyRequest } from '../../protocol/index.ts';
import type { Requests } from '../../services/pipeline/ports/requests.ts';

const HOUR = 3_600_000;

/** Accepts a policy that the wallet signs now: the app's exports may read these scopes for an hour. @param app hex */
export async function allowExport(
  requests: Requests,
  app: string,
  wallet: KeyPair,
  algorithm: 'sr25519' | 'ed25519',
  scopes: readonly string[],
  network = 'cere-sandbox',
): Promise<void> {
  const now = Date.now();
  const policy = signRequest(
    {
      kind: 'policy',
      network,
      app,
      wallet: toHex(wallet.publicKey),
      id: toHex(new Uint8Array(randomBytes(16))),
      issuedAt: now,
      signer: 'wallet',
      algorithm,
      wrap: 'none',
      content: { scopes: [...scopes], recipients: 'app', expiresAt: now + HOUR },
    },
    wallet,
  );
  await requests.once(verifyRequest(policy, { network, kind: 'policy' }), async () => ({}));
}
