import { expect, test } from '@jest/globals';
import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { createFaults, lyingWriter } from './faults.ts';

test('kills at the named point, at the n-th time', () => {
  let kills = 0;
  const faults = createFaults({ killAt: 'after-pin', after: 3 }, () => {
    kills += 1;
  });
  faults.reach('after-send');
  faults.reach('after-pin');
  faults.reach('after-pin');
  expect(kills).toBe(0);
  faults.reach('after-pin');
  expect(kills).toBe(1);
});

test('a lying writer answers as if it had written, and is counted', async () => {
  const log = new MemoryLog();
  log.createTopic('t', 1);
  let lies = 0;
  const writer = lyingWriter(log.writer(), 3, () => {
    lies += 1;
  });
  const record = { key: new Uint8Array(32), value: new Uint8Array(1) };
  const answers = [];
  for (let n = 0; n < 4; n += 1) answers.push(await writer.send('t', 0, [record]));
  expect(answers).toEqual([0, 1, 2, 2]);
  expect(lies).toBe(1);
  expect(log.records('t', 0)).toHaveLength(3);
});
