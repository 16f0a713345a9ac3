import { type SignedRequest, toHex, verifyRequest } from '../../protocol/index.ts';
import { NoCertificate } from './errors.ts';
import type { Transport } from './transport.ts';

/**
 * The newest key that a wallet has certified for itself: the certificate is verified, whoever shows it.
 * @returns X25519, 32 bytes
 * @throws NoCertificate, ProtocolError
 */
export async function encryptionKeyOf(
  transport: Transport,
  { wallet, network, now }: { readonly wallet: Uint8Array; readonly network: string; readonly now: number },
): Promise<Uint8Array> {
  const hex = toHex(wallet);
  const { certificates } = await transport.get<{ certificates: SignedRequest[] }>(`/v1/certificates/${hex}`, {});
  const own = certificates
    .map((one) => verifyRequest(one, { network, kind: 'recipient' }))
    .filter((one) => one.wallet === hex && one.signer === 'wallet' && one.content.expiresAt > now)
    .sort((a, b) => b.issuedAt - a.issuedAt);
  const [newest] = own;
  if (!newest) throw new NoCertificate(hex);
  return newest.content.x25519;
}
