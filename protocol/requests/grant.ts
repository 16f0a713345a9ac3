import { toHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { checkExpiry, expiresAt } from './expiry.ts';
import { epoch, publicKey, scope, x25519 } from './fields.ts';
import { defineKind } from './kind.ts';

/** Opens one scope, from one epoch on, to the holder of a certified X25519 key. */
export const grant = defineKind({
  summary: 'Opens one scope, from an epoch on, to the holder of an X25519 key.',
  signers: ['wallet'],
  validity: 'fresh',
  fields: { grantor: publicKey('grantor'), scope, fromEpoch: epoch, recipient: x25519, expiresAt },
  check(content, frame) {
    if (toHex(content.grantor) !== frame.wallet) throw new ProtocolError('grantor');
    checkExpiry(content, frame);
  },
});
