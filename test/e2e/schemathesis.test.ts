import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sandboxCast } from '../../cli/demo/cast.ts';
import { EXPORT_ENV } from '../schemathesis/export-bodies.ts';
import { runSchemathesis } from '../schemathesis/schemathesis.ts';
import { wrongAboutRun } from '../schemathesis/wrong-about-run.ts';
import { prepareSchemathesis } from '../support/prepared.mjs';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

/** Twenty minutes: `npm run test:long -- schemathesis`. */
const SECONDS = 120;
/** The same cases each time, as far as answers do not lead to others: what nobody thought of is looked for at length, and by hand. */
const SEED = 20_261_125;

let it: SuiteSandbox;
beforeAll(async () => {
  await prepareSchemathesis();
  it = await suiteSandbox('schemathesis', { env: EXPORT_ENV });
}, 180_000);
afterAll(() => it?.close());

test('schemathesis finds no 5xx, and no answer that is not as described', async () => {
  const seed = Number(process.env.DDC_SEED ?? SEED);
  const { api: url, network } = it.deployment;
  const { app } = await sandboxCast();
  const report = await runSchemathesis({ url, network, app, seconds: SECONDS, seed, indexed: true });
  const { requests, checked, statuses } = report;
  process.stderr.write(`${JSON.stringify({ seed, requests, checked, statuses })}\n`);
  expect(wrongAboutRun(report, it.sandbox.rooms.starts('api'))).toEqual([]);
  // Where other suites take the machine it is slow: of each operation one answer at least.
  expect(checked).toBeGreaterThanOrEqual(Object.keys(statuses).length);
}, 360_000);
