import { expect, test } from '@jest/globals';
import { noteOf, positionIn } from './note.ts';

const logId = 'ab'.repeat(16);
const where = { group: 'warehouse', logId };

test('a group keeps offset, mark and log', () => {
  for (const position of [
    { next: 0, mark: -1 },
    { next: 17, mark: 4_294_967_296 },
    { next: 17, mark: 16, within: { origin: 18, index: 999 } },
  ])
    expect(positionIn(noteOf(position, logId), where)).toEqual(position);
});

test.each([
  '',
  'x',
  '7',
  'null',
  '{}',
  `{"log":"${logId}"}`,
  `{"log":"${logId}","mark":1.5}`,
  `{"log":1,"mark":1}`,
  `{"log":"${logId}","mark":1,"within":["a"]}`,
])('an offset that somebody else committed is refused: %s', (note) => {
  expect(() => positionIn({ next: 3, note }, where)).toThrow(expect.objectContaining({ code: 'group_foreign' }));
});

test('an offset of another log means nothing', () => {
  const kept = noteOf({ next: 3, mark: 2 }, 'cd'.repeat(16));
  expect(() => positionIn(kept, where)).toThrow(expect.objectContaining({ code: 'another_log' }));
});
