import { concat, fromBase64url, fromHex, isHex, lp, toBase64url, toHex, utf8 } from './bytes.ts';
import { type Cbor, decodeCbor, encodeCbor } from './dag-cbor.ts';
import { ProtocolError } from './errors.ts';
import { members, unknownMember } from './event.ts';
import { sign, verifySignature } from './signature.ts';

/** What the operator states, signed: a map in DAG-CBOR, so that everybody hashes the same bytes. */
export interface Receipt {
  /** base64url of one DAG-CBOR map. */
  payload: string;
  /** The operator's ed25519 receipt key, 32 bytes, hex: whoever checks has pinned it. */
  key: string;
  /** 64 bytes, hex. */
  signature: string;
}

type Payload = { [name: string]: Cbor };
const MEMBERS: ReadonlySet<string> = new Set(['payload', 'key', 'signature']);

/** "cere-ddc:receipt:v1\n" ‖ lp(network) ‖ lp(payload): a receipt of another network is none. */
const receiptMessage = (network: string, payload: Uint8Array): Uint8Array =>
  concat(utf8('cere-ddc:receipt:v1\n'), lp(utf8(network)), lp(payload));

/** Signs what the operator states. @param network its name. @param payload any DAG-CBOR map. @param keyPair ed25519. @throws ProtocolError `cbor`, `utf8`, `length`. */
export function signReceipt(
  network: string,
  payload: Payload,
  keyPair: { publicKey: Uint8Array; secretKey: Uint8Array },
): Receipt {
  const bytes = encodeCbor(payload);
  const message = receiptMessage(network, bytes);
  return {
    payload: toBase64url(bytes),
    key: toHex(keyPair.publicKey),
    signature: toHex(sign({ algorithm: 'ed25519', wrap: 'none', keyPair, message })),
  };
}

/**
 * Checks a receipt from anywhere, with the operator's key pinned.
 * @param pinned.key 32 bytes @returns what is stated
 * @throws ProtocolError `receipt` for its form or another key, `signature`, or the code of a malformed payload
 */
export function verifyReceipt(value: unknown, pinned: { network: string; key: Uint8Array }): Payload {
  const receipt = members(value, 'receipt');
  for (const name in receipt) if (!MEMBERS.has(name)) throw unknownMember(name, 'a receipt');
  const { payload, key, signature } = receipt;
  if (typeof payload !== 'string' || !isHex(key, 32) || !isHex(signature, 64)) throw new ProtocolError('receipt');
  if (key !== toHex(pinned.key)) throw new ProtocolError('receipt', 'key');
  const bytes = fromBase64url(payload);
  const message = receiptMessage(pinned.network, bytes);
  const claim = { algorithm: 'ed25519' as const, wrap: 'none' as const, publicKey: pinned.key, message };
  if (!verifySignature({ ...claim, signature: fromHex(signature, 64) })) throw new ProtocolError('signature');
  const stated = decodeCbor(bytes);
  if (typeof stated !== 'object' || Array.isArray(stated) || stated instanceof Uint8Array)
    throw new ProtocolError('receipt', 'payload');
  return stated;
}
