import { expect, test } from '@jest/globals';
import type { ErasureOnItsWay, RemovalProgress } from '../../pipeline/ports/removals.ts';
import { erasureReceipt } from './erasure-receipt.ts';

const bytes = (length: number) => new Uint8Array(length);
const removal: ErasureOnItsWay = {
  app: bytes(32),
  wallet: bytes(32),
  id: bytes(16),
  kind: 'erase',
  issuedAt: 0,
  fence: 5,
  rootVersions: [1],
  state: 'sent',
  sentAt: 1,
  pending: [],
  receipts: 0,
};
const progress: RemovalProgress = {
  indexer: true,
  pinner: true,
  swept: true,
  exports: [],
  keysGiven: 0,
  clientMode: false,
  requestHash: bytes(32),
};

test.each([
  [true, 7],
  [false, undefined],
])(
  'a receipt promises when old copies of wrapped roots are shut only where the deployment itself destroys keys: %s',
  (keksRotate, days) => {
    const place = { network: 'cere-sandbox', partition: 0, keksRotate };
    const stated = erasureReceipt(removal, progress, { applied: [], pending: [] }, place, 9);
    expect((stated.untilKekRotation as { days?: number }).days).toBe(days);
  },
);

test('a receipt says of every export whether it has applied the erasure, and how many rows it deleted', () => {
  const exports = [
    { name: 'fast', reported: true, rows: 3 },
    { name: 'slow', reported: false, rows: 0 },
  ];
  const place = { network: 'cere-sandbox', partition: 0, keksRotate: true };
  const stated = erasureReceipt(removal, { ...progress, exports }, { applied: ['fast'], pending: ['slow'] }, place, 9);
  expect(stated.exports).toEqual({ applied: [{ name: 'fast', rows: 3 }], pending: ['slow'] });
});
