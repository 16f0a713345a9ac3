import { expect, test } from '@jest/globals';
import { type Position, START, samePosition } from '../pipeline/ports/positions.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { startingAt } from './starting-at.ts';

const delivery = (from: Position, to: Position) => ({ partition: 1, from, to, first: from.mark + 1, last: to.mark });

/** A target that keeps a position by compare-and-set, as every sink does. */
function target(stored: Position) {
  let position = stored;
  return {
    async position() {
      return position;
    },
    async put(_rows: unknown, { from, to }: { from: Position; to: Position }) {
      if (!samePosition(position, from)) return false;
      position = to;
      return true;
    },
  } as unknown as Sink;
}
const start = { next: 10, mark: 8 };
const starts = [START, start];

test('a target without a position is begun where the export starts, and goes on from there', async () => {
  const sink = startingAt(target(START), starts);
  expect(await sink.position(1)).toEqual(start);
  expect(await sink.put([], delivery(start, { next: 12, mark: 10 }))).toBe(true);
  expect(await sink.position(1)).toEqual({ next: 12, mark: 10 });
  expect(await sink.put([], delivery({ next: 12, mark: 10 }, { next: 13, mark: 11 }))).toBe(true);
});

test('a position that the target has counts, also when it is the very start', async () => {
  for (const stored of [{ next: 3, mark: 2 }, start]) {
    const sink = startingAt(target(stored), starts);
    expect(await sink.position(1)).toEqual(stored);
    expect(await sink.put([], delivery(stored, { next: 20, mark: 19 }))).toBe(true);
  }
});

test('whoever was slower is told so', async () => {
  const shared = target(START);
  const [one, two] = [startingAt(shared, starts), startingAt(shared, starts)];
  await one.position(1);
  await two.position(1);
  expect(await one.put([], delivery(start, { next: 12, mark: 10 }))).toBe(true);
  expect(await two.put([], delivery(start, { next: 12, mark: 10 }))).toBe(false);
  expect(await two.position(1)).toEqual({ next: 12, mark: 10 });
});

test('without starts everything is as the target says', async () => {
  expect(await startingAt(target(START), []).position(1)).toEqual(START);
});
