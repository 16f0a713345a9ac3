import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { createMemoryIpfs } from '../../connectors/ipfs/memory-ipfs.ts';
import { verifyBlock } from '../../connectors/ipfs/verify-block.ts';
import { ready } from '../../protocol/index.ts';
import { batchBlock } from '../pinner/batch-block.ts';
import { planFlush } from '../pinner/plan-flush.ts';
import { type BatchPlace, SegmentReader } from './segment-reader.ts';

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const one = (count: number) => ({
  ...{ subject: bytes(32), app: bytes(32), epoch: 70_000, meta: bytes(300) },
  events: Array.from({ length: count }, () => ({ geo: bytes(95), purchase: bytes(400) })),
});
const batches = [one(3), one(1)];
let places: BatchPlace[];
const node = createMemoryIpfs();
let asked: string[];
/** A node that gives what it likes. */
function reading(given: (right: Uint8Array) => Uint8Array) {
  asked = [];
  const unchecked = async (cid: CID) => {
    asked.push('unchecked');
    return given(await node.unchecked(cid));
  };
  const block = async (cid: CID) => {
    asked.push('block');
    const those = given(await node.unchecked(cid));
    verifyBlock(cid, those);
    return those;
  };
  return new SegmentReader({ block, unchecked });
}

beforeAll(async () => {
  await ready();
  const blocks = batches.map(batchBlock);
  const plan = planFlush(blocks.map(({ encoded }) => ({ cluster: 'c', encoded })));
  for (const { car, root } of plan.clusters) await node.importCar(car, root);
  places = plan.places.map(({ segment, slot }, i) => ({
    ...{ segment: segment.bytes, slot },
    hash: blocks[i]?.hash ?? new Uint8Array(),
  }));
});
const placeOf = (i: number) => places[i] as BatchPlace;

test('what is stored comes back, whole or an envelope at a time, and is fetched once', async () => {
  const reader = reading((right) => right);
  for (const [i, batch] of batches.entries()) {
    const stored = await reader.batch(placeOf(i));
    expect([stored.count, stored.epoch]).toEqual([batch.events.length, 70_000]);
    for (const [n, event] of batch.events.entries())
      for (const [scope, envelope] of Object.entries(event)) {
        expect(stored.envelopeText(n, scope)).toBe(Buffer.from(envelope).toString('base64url'));
        expect(Buffer.compare(stored.events[n]?.[scope] ?? bytes(1), envelope)).toBe(0);
      }
    expect([stored.envelopeText(0, 'ge'), stored.envelopeText(9, 'geo')]).toEqual([undefined, undefined]);
  }
  expect(asked).toEqual(['unchecked']);
});

test('a byte that the node changed is noticed wherever it is, and told from an index that is wrong', async () => {
  const { length } = await node.unchecked(CID.decode(placeOf(0).segment));
  // Before it is the head of the segment, of which nothing is handed out.
  for (let at = 40; at < length; at += 97) {
    const lying = reading((right) => {
      const other = right.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      return other;
    });
    const got = await Promise.allSettled(places.map((place) => lying.batch(place)));
    const failed = got.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(failed).toContain('cid_mismatch');
  }
  const reader = reading((right) => right);
  const wrong = { ...placeOf(0), hash: placeOf(1).hash };
  await expect(reader.batch(wrong)).rejects.toMatchObject({ code: 'batch_not_stored' });
  await expect(reader.batch({ ...wrong, slot: 7 })).rejects.toMatchObject({ code: 'batch_not_stored' });
  // Whatever the index says, the node is asked for one segment twice at most.
  expect(asked).toEqual(['unchecked', 'block']);
  expect((await reader.batch(placeOf(0))).count).toBe(3);
});
