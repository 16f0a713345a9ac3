// Receipts of the operator, from docs/formats.md ("Receipts").
import { base64url, cat, hex, isHex, lp, need, unbase64url, unhex, utf8 } from './bytes.mjs';
import { decode, encode } from './cbor.mjs';
import { isObject, members } from './json.mjs';
import { publicKeyOf, signEd25519, verify } from './signatures.mjs';

const messageOf = (network, payload) => cat(utf8('cere-ddc:receipt:v1\n'), lp(utf8(network)), lp(payload));

/** What is stated, under the one key that is pinned. */
export function verifyReceipt(receipt, network, pinned) {
  members(receipt, ['payload', 'key', 'signature'], 'receipt');
  need(typeof receipt.payload === 'string' && isHex(receipt.key, 32), 'receipt');
  const signature = unhex(receipt.signature, 64, 'receipt');
  const payload = unbase64url(receipt.payload);
  need(receipt.key === hex(pinned), 'receipt');
  verify({ algorithm: 'ed25519', wrap: 'none', publicKey: pinned, message: messageOf(network, payload), signature });
  const stated = decode(payload);
  need(isObject(stated) && !(stated instanceof Uint8Array), 'receipt');
  return stated;
}

export function signReceipt(seed, network, stated) {
  const payload = encode(stated);
  return {
    payload: base64url(payload),
    key: hex(publicKeyOf(seed)),
    signature: hex(signEd25519(seed, messageOf(network, payload))),
  };
}
