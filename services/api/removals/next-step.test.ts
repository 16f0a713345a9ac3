import { expect, test } from '@jest/globals';
import type { ErasureOnItsWay, Removal, RemovalProgress } from '../../pipeline/ports/removals.ts';
import { EXPORTS_MS, nextStep } from './next-step.ts';

const bytes = (length: number) => new Uint8Array(length);
const sent: ErasureOnItsWay = {
  app: bytes(32),
  wallet: bytes(32),
  id: bytes(16),
  kind: 'erase',
  issuedAt: 0,
  fence: 5,
  rootVersions: [1],
  state: 'sent',
  sentAt: 1_000,
  pending: [],
  receipts: 0,
};
const past: RemovalProgress = {
  indexer: true,
  pinner: true,
  swept: true,
  exports: [
    { name: 'a', reported: true, rows: 0 },
    { name: 'b', reported: false, rows: 0 },
  ],
  keysGiven: 0,
  clientMode: false,
  requestHash: bytes(32),
};
const everybody = past.exports.map((one) => ({ ...one, reported: true }));

test('rooms are waited for, however long it takes', () => {
  const late = 1_000 + 10 * EXPORTS_MS;
  expect(nextStep(sent, { ...past, indexer: false, pinner: false }, late)).toEqual({
    kind: 'wait',
    for: ['indexer', 'pinner'],
  });
  expect(nextStep(sent, { ...past, swept: false }, late)).toEqual({ kind: 'wait', for: ['indexer'] });
});

test('exports are waited for a minute, then named pending', () => {
  expect(nextStep(sent, past, 999 + EXPORTS_MS)).toEqual({ kind: 'wait', for: ['export:b'] });
  expect(nextStep(sent, past, 1_000 + EXPORTS_MS)).toEqual({ kind: 'receipt', applied: ['a'], pending: ['b'] });
  expect(nextStep(sent, { ...past, exports: everybody }, 1_000)).toEqual({
    kind: 'receipt',
    applied: ['a', 'b'],
    pending: [],
  });
});

test('a further receipt comes when all that were pending have reported', () => {
  const done: Removal = { ...sent, state: 'done', pending: ['b'], receipts: 1 };
  expect(nextStep(done, past, 9_999_999)).toEqual({ kind: 'wait', for: ['export:b'] });
  expect(nextStep(done, { ...past, exports: everybody }, 0)).toEqual({
    kind: 'receipt',
    applied: ['a', 'b'],
    pending: [],
  });
});
