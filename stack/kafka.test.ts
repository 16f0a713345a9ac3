import { expect, test } from '@jest/globals';
import { clusterId } from './kafka.ts';

test('no id of a cluster can be taken for an option', () => {
  const ids = Array.from({ length: 256 }, (_, first) => clusterId(new Uint8Array(16).fill(255).fill(first, 0, 1)));
  expect(ids.filter((id) => id.startsWith('-') || id.length !== 22)).toEqual([]);
});
