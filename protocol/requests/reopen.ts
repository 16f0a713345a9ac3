import { defineKind } from './kind.ts';

/** Takes writes again after an erasure, under a new root. */
export const reopen = defineKind({
  summary: 'Takes writes again after an erasure; what was erased stays erased.',
  signers: ['wallet'],
  validity: 'fresh',
  fields: {},
});
