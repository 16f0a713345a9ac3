import { expect, test } from '@jest/globals';
import { startMemoryApi } from '../../test/support/api.ts';
import { run } from '../../test/support/fuzzer.ts';

test('ten seconds of broken requests: no 5xx, no crash', async () => {
  const it = await startMemoryApi();
  const seed = Date.now() % 1_000_000;
  const report = await run({ seconds: 10, atLeast: 2_000, url: it.url, seed }).finally(() => it.api.close());
  expect(report).toMatchObject({ seed, failures: [], alive: true });
  expect(Object.keys(report.statuses).length).toBeGreaterThan(4);
  // Whole requests are among them: without any the routes behind signatures would not be reached.
  expect(report.statuses['201']).toBeGreaterThan(0);
});
