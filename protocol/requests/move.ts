import { bytes, epoch, word } from './fields.ts';
import { defineKind } from './kind.ts';

/** Changes who encrypts, and names the subject and epoch that go on from here. */
export const move = defineKind({
  summary: 'Moves this wallet in this app to another mode, with the new subject and epoch.',
  signers: ['wallet'],
  validity: 'fresh',
  fields: { mode: word('mode', 'service', 'client'), subject: bytes(32, 'subject'), epoch },
});
