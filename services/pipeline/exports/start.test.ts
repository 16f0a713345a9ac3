import { beforeEach, expect, test } from '@jest/globals';
import { MemoryLog } from '../../../connectors/kafka/memory-log.ts';
import { type Position, START } from '../ports/positions.ts';
import { startsOf } from './start.ts';

const PINNED = 'pinned';
let log: MemoryLog;
let time = 0;
let checkpoints: Position[] = [];
let indexer: Position = START;

beforeEach(() => {
  time = 0;
  checkpoints = [];
  indexer = START;
  log = new MemoryLog(() => time);
  log.createTopic(PINNED, 1);
});

/** Appends records of these origins, one a second. */
async function append(...origins: number[]): Promise<void> {
  for (const origin of origins) {
    time += 1_000;
    const record = { key: new Uint8Array(32), value: new Uint8Array(), headers: { origin: String(origin) } };
    await log.writer().send(PINNED, 0, [record]);
  }
}

const starts = (from: 'beginning' | 'now' | number) =>
  startsOf(
    {
      ...{ log: log.lookup(), pinned: PINNED, partitions: 1 },
      index: { checkpoints: async () => checkpoints },
      positions: { load: async () => indexer },
    },
    from,
  );

test('the beginning is no place: the readers begin there by themselves', async () => {
  await append(0, 1);
  expect(await starts('beginning')).toEqual([]);
});

test('now is the end of the log with the mark of a reader that has read so far, copies and gaps included', async () => {
  // 1 came twice; 4 came before 3, which was lost, and then again.
  await append(0, 1, 1, 2, 4, 3, 4);
  expect(await starts('now')).toEqual([{ next: 7, mark: 4 }]);
  await append(3);
  expect(await starts('now')).toEqual([{ next: 8, mark: 4 }]);
});

test('a time is the first record appended then, with what was accepted before it', async () => {
  await append(0, 1, 1, 2, 3);
  expect(await starts(3_000)).toEqual([{ next: 2, mark: 1 }]);
  expect(await starts(3_001)).toEqual([{ next: 3, mark: 1 }]);
  expect(await starts(0)).toEqual([START]);
  expect(await starts(99_000)).toEqual([{ next: 5, mark: 3 }]);
});

test('what retention has left is read from a pair that was kept', async () => {
  await append(0, 1, 2, 3, 4, 5);
  log.trim(PINNED, 0, 2);
  await expect(starts('beginning')).rejects.toMatchObject({ code: 'start_trimmed' });
  // Whether what is gone was of that time as well nobody knows any more.
  await expect(starts(3_000)).rejects.toThrow('begins at 1970-01-01T00:00:03.000Z');
  await expect(starts(5_000)).rejects.toMatchObject({ code: 'start_trimmed' });
  checkpoints = [
    { next: 1, mark: 0 },
    { next: 3, mark: 2 },
    { next: 5, mark: 4 },
  ];
  expect(await starts(5_000)).toEqual([{ next: 4, mark: 3 }]);
  checkpoints = [];
  indexer = { next: 6, mark: 5 };
  expect(await starts('now')).toEqual([{ next: 6, mark: 5 }]);
});
