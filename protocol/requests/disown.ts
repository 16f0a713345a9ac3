import { ProtocolError } from '../errors.ts';
import { ZERO_KEY } from '../header.ts';
import { bytes } from './fields.ts';
import { defineKind } from './kind.ts';

/** Ends one of the author's own tokens before its time, and with it every token that was signed under it. */
export const disown = defineKind({
  summary: 'Ends the token with this id, which the same key has signed or delegated, and what was signed under it.',
  signers: ['wallet', 'app'],
  validity: 'fresh',
  zero: ['wallet'],
  fields: { token: bytes(16, 'token') },
  check(_content, frame) {
    // Zeros stand where a token for all wallets has them: only an app signs those.
    if (frame.signer === 'wallet' && frame.wallet === ZERO_KEY) throw new ProtocolError('key', 'wallet');
  },
});
