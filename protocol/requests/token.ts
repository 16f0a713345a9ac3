import { toHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { isLabel } from '../event.ts';
import { ZERO_KEY } from '../header.ts';
import { checkExpiry, expiresAt } from './expiry.ts';
import { type Field, list, publicKey, text } from './fields.ts';
import { defineKind } from './kind.ts';

const DAY = 24 * 60 * 60 * 1000;
const OPERATION = /^[a-z0-9.-]{1,64}$/;

const operation = text('operations', (value): value is string => typeof value === 'string' && OPERATION.test(value));
const walletKey = publicKey('token_wallet');
const wallet: Field<'*' | Uint8Array> = (value) => (value === '*' ? value : walletKey(value));

const fields = {
  audience: text('audience', isLabel),
  operations: list('operations', 64, operation),
  wallet,
  key: publicKey('token_key'),
  expiresAt,
};

/** Lets the holder of `key` do the named operations at the audience, for one wallet or, signed by the app, for all. */
export const token = defineKind({
  summary: 'Lets the holder of a key do the named operations for one wallet, or for all of the app.',
  signers: ['wallet', 'app'],
  validity: 'lasting',
  zero: ['wallet'],
  fields,
  check(content, frame) {
    if (frame.wallet !== (content.wallet === '*' ? ZERO_KEY : toHex(content.wallet)))
      throw new ProtocolError('token_wallet');
    if (frame.signer === 'wallet' && content.wallet === '*') throw new ProtocolError('author');
    checkExpiry(content, frame, DAY);
  },
});
