import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runErasure, STEPS } from '../erasure/run.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

let it: SuiteSandbox;
beforeAll(async () => {
  it = await suiteSandbox('erasure');
}, 120_000);
afterAll(() => it?.close());

test('erased users are gone from every store while others write on, whatever step the API dies at; a replay brings nothing back', async () => {
  const report = await runErasure(it, { people: 24, erased: 6, everyMs: 500, steps: STEPS, say: () => undefined });
  const nothing = { indexed: 0, exported: 0, opening: 0, missing: [] };
  expect(report).toMatchObject({ erased: 6, kills: STEPS.length, receipts: 6, refusals: ['erased'], failures: [] });
  expect(report.heldBefore).toBeGreaterThan(0);
  expect(report.inMemory).toEqual([]);
  expect(report.live).toEqual(nothing);
  expect(report.replayed).toEqual(nothing);
  expect(report.control.indexed).toBeGreaterThan(0);
}, 300_000);
