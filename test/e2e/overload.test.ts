import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runOverload } from '../overload/run.ts';
import { faultsOf } from '../overload/verdict.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

let it: SuiteSandbox;
beforeAll(async () => {
  it = await suiteSandbox('overload', { rooms: ['api'] });
}, 90_000);
afterAll(() => it?.close());

/** `npm run test:long -- overload` is the same for five minutes, and judges the times, too. */
test('at more than it takes: the rest refused properly, nothing lost, one process all the time', async () => {
  // Other suites take the machine meanwhile: twice of a capacity that was measured beside them may be what it can take a moment later.
  const report = await runOverload(it, { size: 100, capacitySeconds: 2, times: 4, seconds: 3, say: () => undefined });
  expect({ ...report, problems: faultsOf(report) }).toMatchObject({ problems: [] });
}, 90_000);
