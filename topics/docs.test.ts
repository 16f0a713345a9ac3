import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { topicsDoc } from './docs.ts';
import { topics } from './index.ts';

test('docs/topics.md says what topics/ says (otherwise run `ddc docs topics`)', () => {
  expect(readFileSync(new URL('../docs/topics.md', import.meta.url), 'utf8')).toBe(topicsDoc(topics));
});
