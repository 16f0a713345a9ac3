import { defineKind } from './kind.ts';

/** Makes everything of this wallet in this app unreadable. */
export const erase = defineKind({
  summary: 'Erases everything of this wallet in this app.',
  signers: ['wallet'],
  validity: 'fresh',
  fields: {},
});
