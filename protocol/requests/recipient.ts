import { ProtocolError } from '../errors.ts';
import { ZERO_KEY } from '../header.ts';
import { checkExpiry, expiresAt } from './expiry.ts';
import { x25519 } from './fields.ts';
import { defineKind } from './kind.ts';

/** A certificate: the wallet (the recipient) says which X25519 key is its own. It belongs to no app. */
export const recipient = defineKind({
  summary: 'Certifies the X25519 key to which scope keys are sealed for this wallet.',
  signers: ['wallet'],
  validity: 'lasting',
  zero: ['app'],
  fields: { x25519, expiresAt },
  check(content, frame) {
    if (frame.app !== ZERO_KEY) throw new ProtocolError('key', 'app');
    checkExpiry(content, frame);
  },
});
