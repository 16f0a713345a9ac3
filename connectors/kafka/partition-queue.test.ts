import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { HIGH_WATER_BYTES, PartitionQueue } from './partition-queue.ts';

const record = (offset: number, bytes = 10) => ({
  offset,
  key: new Uint8Array(0),
  value: new Uint8Array(bytes),
  headers: {},
});
/** Weak references hold until the end of the turn they were made in. */
async function collectGarbage(): Promise<void> {
  await new Promise(setImmediate);
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
const offsets = (records: { offset: number }[]) => records.map(({ offset }) => offset);

describe('the queue between the fetch loop and a lane', () => {
  test('takes nothing before the lane has said where it starts', () => {
    expect(new PartitionQueue().offer(0, [record(0)], 1)).toBe(false);
  });

  test('takes what was fetched where it stands, and gives it in order', () => {
    const queue = new PartitionQueue();
    queue.seek(5);
    expect(queue.offer(5, [record(5), record(6)], 7)).toBe(true);
    expect(queue.offer(7, [record(7)], 8)).toBe(true);
    expect(offsets(queue.take(2, 1_000))).toEqual([5, 6]);
    expect(offsets(queue.take(2, 1_000))).toEqual([7]);
  });

  test('refuses a batch that was under way when the lane moved', () => {
    const queue = new PartitionQueue();
    queue.seek(5);
    queue.offer(5, [record(5)], 6);
    queue.seek(2);
    expect(queue.offer(6, [record(6)], 7)).toBe(false);
    expect(queue.take(10, 1_000)).toEqual([]);
    expect(queue.offer(2, [record(2)], 3)).toBe(true);
  });

  test('gives at least one record, whatever its size, and no more than fits', () => {
    const queue = new PartitionQueue();
    queue.seek(0);
    queue.offer(0, [record(0, 900), record(1, 900), record(2, 50)], 3);
    expect(offsets(queue.take(10, 100))).toEqual([0]);
    expect(offsets(queue.take(10, 1_000))).toEqual([1, 2]);
  });

  test('is full at its high water and drained below the low one', () => {
    const queue = new PartitionQueue();
    queue.seek(0);
    queue.offer(0, [record(0, HIGH_WATER_BYTES / 2), record(1, HIGH_WATER_BYTES / 2)], 2);
    expect([queue.full, queue.drained]).toEqual([true, false]);
    queue.take(2, HIGH_WATER_BYTES);
    expect([queue.full, queue.drained, queue.position]).toEqual([false, true, 2]);
  });

  test('holds nothing that was taken, also while it is never empty', async () => {
    const queue = new PartitionQueue();
    queue.seek(0);
    queue.offer(0, [record(0), record(1), record(2)], 3);
    const taken = queue.take(2, 1_000).map((one) => new WeakRef(one));
    queue.offer(3, [record(3)], 4);
    await collectGarbage();
    expect(taken.map((one) => one.deref())).toEqual([undefined, undefined]);
    expect(offsets(queue.take(10, 1_000))).toEqual([2, 3]);
  });
});
