import { appendFile, readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tablesIn, walk } from '../../connectors/sinks/folder/walk.ts';
import { type FlowReport, runFlow } from '../export-flow/run.ts';
import { type FlowWorld, openWorld } from '../export-flow/world.ts';
import { ddc } from '../support/sandbox.ts';
import { targetOf } from '../support/targets.ts';

const PATIENCE_MS = 240_000;
const say = () => undefined;
let world: FlowWorld;
let report: FlowReport;

beforeAll(async () => {
  const sinks = [
    ['parquet', 'kafka'],
    ['ndjson', 'postgres', 'webhook'],
  ];
  const plan = { apps: 2, walletsOfEach: 15, sinks, target: targetOf, patienceMs: PATIENCE_MS, say };
  world = await openWorld({ ...plan, declareBy: 'function' });
}, 180_000);
afterAll(() => world?.close());

test('what is sent is in every target, typed, as its own client reads it, and what is erased and removed meanwhile is in none', async () => {
  const options = { events: 600, eventsOfBatch: 10, erased: 4, removed: 100, patienceMs: PATIENCE_MS, say };
  report = await runFlow(world, options);
  expect(report.problems).toEqual([]);
  expect(report.orders).toBe(24);
  expect(report.erasedRows).toBeGreaterThan(0);
  expect(report.removedRows).toBeGreaterThan(50);
  // Of each app, whatever it was read from.
  for (const app of [0, 1]) {
    const sums = report.figures.filter((one) => one.export.includes(`-${app}-`)).map((one) => one.checksum);
    expect(sums.length).toBeGreaterThan(1);
    expect(new Set(sums).size).toBe(1);
  }
}, 600_000);

test('a row that comes back behind the export is found, and its place is named', async () => {
  const ndjson = world.exports.find(({ output }) => output.sink === 'ndjson');
  const folder = String(ndjson?.output.config.folder);
  const [table = ''] = await tablesIn(folder);
  const [file = ''] = await walk(table, '.ndjson');
  const [line = '{}'] = (await readFile(file, 'utf8')).split('\n');
  const [gone = ''] = world.source.gone;
  const [batch, slot] = gone.split('/');
  const erased = report.erased.find(({ app }) => app === ndjson?.app)?.wallet;
  const back = { ...JSON.parse(line), wallet: erased, batch_id: batch, slot: Number(slot), origin: 0 };
  await appendFile(file, `${JSON.stringify(back)}\n`);
  const { code, stdout } = await ddc(['exports', 'verify-erasure', ndjson?.name ?? ''], world.env);
  expect(code).toBe(1);
  expect(stdout).toContain('FOUND 1 rows that were reported as gone');
  expect(stdout).toContain(`wallet ${erased}`);
  expect(stdout).toContain(relative(folder, file));
}, 60_000);
