import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { errorsDocument } from './errors-doc.ts';

test('docs/errors.md is what the code lists say; `ddc docs errors` writes it', () => {
  expect(readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')).toBe(errorsDocument());
});
