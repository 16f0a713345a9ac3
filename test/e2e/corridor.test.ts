import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DemoReport } from '../../cli/demo/demo.ts';
import { ddc } from '../support/sandbox.ts';
import { type Suite, suite } from '../support/stack.ts';

let corner: Suite;
beforeAll(async () => {
  corner = await suite('corridor', { pots: 1 });
}, 60_000);
afterAll(() => corner.close());

const EVENTS = 100;
/** Everything that the rooms and the demo need to work beside other suites. */
const env = () => ({ ...corner.env, DDC_HTTP_PORT: '', DDC_ROUND_SECONDS: '2' });

test('the demo: a hundred events through every room, counted at every store', async () => {
  const folder = join(corner.folder, 'run');
  const { code, stdout, stderr } = await ddc(['demo', '--limit', String(EVENTS), '--json', '--folder', folder], env());
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as DemoReport;
  expect(report).toMatchObject({
    accepted: EVENTS,
    encrypted: EVENTS,
    pinned: EVENTS,
    indexed: EVENTS,
    settled: EVENTS,
    exported: EVENTS,
    dlq: 0,
    duplicates: 0,
    resent: 0,
  });
  expect(report.extrinsics).toBeGreaterThan(0);
  // One customer's events in the clear, the signature that was verified, and the way to the chain.
  expect(stderr).toMatch(/journey|customer/i);
  expect(stderr).toContain('PURCHASE');
  expect(stderr).toMatch(/signature/i);
  expect(stderr).toMatch(/inclusion/i);
  expect(stderr).toMatch(/block/i);
  expect(stderr).not.toMatch(/MetadataApi|API\/INIT/);
}, 150_000);

test.each([
  ['not JSON', '{"customer":"a",', 'not JSON'],
  ['an unknown field', '{"customer":"a","type":"t","time":"2026-01-01","scopes":{"s":{}},"x":1}', 'unknown field "x"'],
  ['no scopes', '{"customer":"a","type":"t","time":"2026-01-01","scopes":{}}', '"scopes" must be'],
])(
  'a file with a malformed line (%s) is refused with its number before anything is sent',
  async (_, bad, what) => {
    const good = JSON.stringify({ customer: 'a', type: 't', time: '2026-01-01T00:00:00Z', scopes: { s: { n: 1 } } });
    const file = join(corner.folder, 'events.ndjson');
    await writeFile(file, `${good}\n${good}\n${bad}\n`);
    // Nothing answers there: whoever tried to send, or only to start, would say so instead.
    const nowhere = { KAFKA_BROKERS: '127.0.0.1:1', DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    const { code, stdout, stderr } = await ddc(['demo', '--events', file, '--json'], { ...env(), ...nowhere });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ddc: line 3: /);
    expect(stderr).toContain(what);
  },
  30_000,
);
