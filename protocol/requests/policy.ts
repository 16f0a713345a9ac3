import { checkExpiry, expiresAt } from './expiry.ts';
import { type Field, list, publicKey, scope } from './fields.ts';
import { defineKind } from './kind.ts';

const keys = list('recipients', 64, publicKey('recipients'));
const recipients: Field<'app' | Uint8Array[]> = (value) => (value === 'app' ? value : keys(value));

const fields = { scopes: list('scopes', 64, scope), recipients, expiresAt };

/** What the wallet lets the app's exports, or a list of recipients, read from now on. The latest one counts. */
export const policy = defineKind({
  summary: 'Lets the exports of the app, or listed recipients, read the named scopes. Replaces the policy before it.',
  signers: ['wallet'],
  validity: 'fresh',
  fields,
  check: checkExpiry,
});
