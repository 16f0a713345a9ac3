import { expect, test } from '@jest/globals';
import { pastTrimmed } from './trimmed.ts';

test('a row within what is kept stays', () => {
  expect(pastTrimmed({ next: 5, mark: 3 }, { input: 5, received: 9 })).toEqual({ kind: 'fine' });
});

test('a row below it goes to the first record kept, its mark stays: the rest is a gap, and is emitted again', () => {
  expect(pastTrimmed({ next: 4, mark: 3 }, { input: 9, received: 4 })).toEqual({
    kind: 'move',
    to: { next: 9, mark: 3 },
  });
  expect(pastTrimmed({ next: 0, mark: -1 }, { input: 3, received: 0 })).toEqual({
    kind: 'move',
    to: { next: 3, mark: -1 },
  });
});

test('where `received` does not hold the next original any more, going on would lose it', () => {
  expect(pastTrimmed({ next: 4, mark: 3 }, { input: 9, received: 5 })).toEqual({ kind: 'lost' });
});
