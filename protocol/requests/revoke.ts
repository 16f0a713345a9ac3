import { bytes } from './fields.ts';
import { defineKind } from './kind.ts';

/** Ends a grant or a policy: nothing more is served, and a new epoch starts. It does not reach back. */
export const revoke = defineKind({
  summary: 'Ends the grant or policy with this id. Keys that were given open their epochs for ever.',
  signers: ['wallet'],
  validity: 'fresh',
  fields: { grant: bytes(16, 'grant') },
});
