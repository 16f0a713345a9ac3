import { encode } from '@ipld/dag-cbor';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { batchBlock } from '../services/pinner/batch-block.ts';
import { packSegments } from '../services/pinner/segment.ts';
import { blockCid, LAST_EPOCH, ProtocolError, readSegment, ready, type StoredBatch } from './index.ts';

beforeAll(ready);

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const batch = (epoch: number): StoredBatch => ({
  ...{ subject: bytes(32, 1), app: bytes(32, 2), epoch, meta: bytes(94, 3) },
  events: [{ purchase: bytes(95, 4), a: bytes(300, 5) }, { purchase: bytes(94, 6) }],
});
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('a segment', () => {
  test('is read as the pinner wrote it, at the CID that the pinner computed, up to the last epoch', () => {
    const batches = [0, 23, 24, 65_536, 0x8000_0000, LAST_EPOCH].map(batch);
    const [segment] = packSegments(batches.map((one) => batchBlock(one).encoded));
    if (!segment) throw new Error('nothing was packed');
    expect(readSegment(segment.block, segment.cid.toString())).toEqual(batches);
    expect(CID.parse(blockCid(segment.block)).equals(segment.cid)).toBe(true);
  });

  test('that is not what its CID names is refused', () => {
    const block = encode({ v: 1, batches: [batch(0)] });
    const cid = blockCid(block);
    const changed = block.slice();
    changed[changed.length - 1] = 9;
    expect(codeOf(() => readSegment(changed, cid))).toBe('cid');
    expect(codeOf(() => readSegment(block, `${cid.slice(0, -1)}a`))).toBe('cid');
  });

  test.each<[string, unknown, string]>([
    ['another version', { v: 2, batches: [] }, 'segment'],
    ['more members', { v: 1, batches: [], more: 1 }, 'segment'],
    ['no list', { v: 1, batches: {} }, 'segment'],
    [
      'a batch without a subject',
      { v: 1, batches: [{ app: bytes(32, 2), epoch: 0, meta: bytes(94, 3), events: [] }] },
      'segment',
    ],
    ['a short subject', { v: 1, batches: [{ ...batch(0), subject: bytes(31, 1) }] }, 'segment'],
    ['an epoch beyond 32 bits', { v: 1, batches: [batch(LAST_EPOCH + 1)] }, 'epoch'],
    ['an envelope that is text', { v: 1, batches: [{ ...batch(0), events: [{ a: 'x' }] }] }, 'segment'],
    ['an event that is a list', { v: 1, batches: [{ ...batch(0), events: [[]] }] }, 'segment'],
    ['deeper than a segment', { v: 1, batches: [{ ...batch(0), events: [{ a: [[]] }] }] }, 'cbor'],
  ])('of another shape is refused: %s', (_, value, code) => {
    const block = encode(value);
    expect(codeOf(() => readSegment(block, blockCid(block)))).toBe(code);
  });
});
