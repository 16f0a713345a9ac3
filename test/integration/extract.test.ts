import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ExtractReport, runExtract } from '../extract/run.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

let it: SuiteSandbox;
let report: ExtractReport;

beforeAll(async () => {
  it = await suiteSandbox('extract', { rooms: ['api', 'encryptor', 'pinner', 'indexer'] });
  report = await runExtract(it, { events: 720, wallets: 30, apps: 3, say: () => undefined });
}, 240_000);
afterAll(() => it?.close(), 60_000);

test('per wallet and per app exactly what was written comes, in order and verified, and is complete', () => {
  expect(report).toMatchObject({ events: 720, batches: 360, different: [] });
  expect(report.complete).toEqual(Array(180).fill(true));
});

test('a batch deleted behind the server is missing, a removed one is removed, a removed event is not there', () => {
  const { wanted, damaged } = report;
  expect(damaged).toHaveLength(2);
  for (const { events, completeness } of damaged) {
    expect(events).toEqual(wanted.events);
    expect(completeness?.complete).toBe(false);
    expect(completeness?.sources).toMatchObject([
      {
        missing: [[wanted.deletedSeq, wanted.deletedSeq]],
        removed: [
          { seq: wanted.partlySeq, by: [wanted.removals[1]], all: false },
          { seq: wanted.removedSeq, by: [wanted.removals[0]], all: true },
        ],
      },
    ]);
    expect(completeness?.removals.map(({ id }) => id).sort()).toEqual([...wanted.removals].sort());
  }
});
