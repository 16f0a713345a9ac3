import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { sinkDocs } from './docs.ts';
import { sinks } from './index.ts';

it('a field that may be null says what else it may be', () => {
  expect(sinkDocs(sinks)).toMatch(/`retentionMs` \| integer or null \|/);
});

it('docs/sinks.md says what the sinks say', async () => {
  const written = await readFile(new URL('../../docs/sinks.md', import.meta.url), 'utf8');
  expect(written).toBe(sinkDocs(sinks));
});
