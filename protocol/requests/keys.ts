import { list, scope, x25519 } from './fields.ts';
import { defineKind } from './kind.ts';

const fields = { scopes: list('scopes', 64, scope), recipient: x25519 };

/** The owner fetches own scope keys, sealed to a key of their choice. */
export const keys = defineKind({
  summary: 'Answers the keys of the named scopes, sealed to the named X25519 key.',
  signers: ['wallet'],
  validity: 'fresh',
  fields,
});
