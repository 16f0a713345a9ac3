import { describe, expect, it } from '@jest/globals';
import type { Pinned } from '../../schemas/index.ts';
import { indexEntry } from './index-entry.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const head = { batchId: bytes(32, 1), app: bytes(32, 2), wallet: bytes(32, 3), rootVersion: 1 };
const summary = {
  count: 1,
  types: ['purchase'],
  idMin: 'a',
  idMax: 'b',
  timeMin: 1,
  timeMax: 2,
  source: bytes(16, 4),
  seq: 5,
  signer: 'wallet' as const,
  issuedAt: 3,
};
const kept = {
  subject: bytes(32, 5),
  epoch: 0,
  mode: 'service' as const,
  summary,
  cluster: 'cere-mainnet',
  segment: bytes(36, 6),
  slot: 0,
  hash: bytes(32, 7),
  bytes: 99,
};

const accepted = (value: Pinned, origin: number) => ({
  origin,
  value,
  retryOf: null,
  record: { offset: 9, key: value.wallet, value: bytes(1, 0), headers: {} },
});

describe('an entry of the index', () => {
  it('keeps everything of a batch but its envelopes', () => {
    const body = { ...kept, meta: bytes(10, 8), events: [{ purchase: bytes(10, 9) }] };
    const entry = indexEntry(accepted({ ...head, source: summary.source, seq: 5, reason: null, body }, 7));
    expect(entry).toEqual({ ...head, origin: 7, source: summary.source, seq: 5, reason: null, body: kept });
  });

  it('keeps a void with its reason, and source and seq where they were read', () => {
    const unread = { ...head, source: null, seq: null, body: null };
    expect(indexEntry(accepted({ ...unread, reason: 'dead' }, 8))).toEqual({ ...unread, origin: 8, reason: 'dead' });
    const read = { ...unread, source: summary.source, seq: 5, reason: 'duplicate' as const };
    expect(indexEntry(accepted(read, 9))).toEqual({ ...read, origin: 9 });
  });
});
