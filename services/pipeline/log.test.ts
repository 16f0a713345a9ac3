import { expect, test } from '@jest/globals';
import { KeyPair, Secret } from '../../protocol/index.ts';
import { createSignals } from './events.ts';
import { createLog, openAppendedLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { OpenRoot } from './ports/vault.ts';

function listening() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog('pinner', 'debug', () => 0, { write: (line) => void lines.push(JSON.parse(line)) });
  return { lines, log };
}

test('a line says when, how bad, who and what', () => {
  const { lines, log } = listening();
  log.child('pin').warn({ partition: 2 }, 'slow');
  expect(lines).toEqual([
    { timestamp: '1970-01-01T00:00:00.000Z', level: 'warn', logger: 'pinner.pin', partition: 2, message: 'slow' },
  ]);
});

test('keys, seeds and content are redacted', () => {
  const { lines, log } = listening();
  log.info({ root: { userRoot: 'aa', epoch: 1 }, seed: '//Alice', batch: { scope: { data: 'secret' } } }, 'x');
  const text = JSON.stringify(lines);
  expect(text).not.toMatch(/aa|Alice|secret/);
  expect(text).toContain('"epoch":1');
});

test('a named event is one line and one count', async () => {
  const { lines, log } = listening();
  const metrics = createMetrics('pinner', false);
  const signals = createSignals(log, metrics);
  signals.emit('gap', { partition: 1, origin: 9, mark: 5 });
  signals.emit('judged', { partition: 1, kind: 'ok', count: 3 });
  signals.gauge('inHand', 1, 4);
  expect(lines[0]).toMatchObject({ level: 'error', event: 'gap', partition: 1, origin: 9, mark: 5 });
  const text = await metrics.text();
  expect(text).toContain('ddc_alarms_total{kind="gap",partition="1",room="pinner"} 1');
  expect(text).toContain('ddc_outcomes_total{kind="ok",partition="1",room="pinner"} 3');
  expect(text).toContain('ddc_in_hand{partition="1",room="pinner"} 4');
});

test('bytes and key types do not fit into a line: each of these fails to compile, and prints nothing if it is forced', () => {
  const { lines, log } = listening();
  const key = new Uint8Array(32).fill(0xab);
  const pair = new KeyPair(key, key);
  const root = { userRoot: key, rootVersion: 1, epoch: 0, subject: key, mode: 'service' } satisfies OpenRoot;
  // tsc, which `npm test` runs, fails when one of these is allowed.
  // @ts-expect-error bytes
  log.info({ key }, 'a key');
  // @ts-expect-error bytes in a list
  log.info({ keys: [key] }, 'keys');
  // @ts-expect-error a key pair
  log.info({ pair }, 'a pair');
  // @ts-expect-error a secret
  log.info({ secret: new Secret(key) }, 'a secret');
  // @ts-expect-error an open root
  log.info({ root }, 'a root');
  const printed = JSON.stringify(lines);
  for (const trace of ['171', 'abab', Buffer.from(key).toString('base64').slice(0, 8)])
    expect(printed).not.toContain(trace);
});

test('a file that takes nothing ends no process: it is told once a minute, and so often', () => {
  const told: [unknown, number][] = [];
  let now = 0;
  const log = openAppendedLog(
    'audit',
    'info',
    () => now,
    '/dev/full',
    (error, attempts) => told.push([error, attempts]),
  );
  for (let i = 0; i < 10; i++) log.info({ i }, 'a line');
  expect(told).toEqual([[expect.objectContaining({ code: 'ENOSPC' }), 1]]);
  now += 60_000;
  log.info({}, 'a line');
  expect(told[1]?.[1]).toBeGreaterThanOrEqual(10);
  // Far beyond what waits in memory.
  for (let i = 0; i < 300; i++) log.info({ text: 'x'.repeat(8 * 1024) }, 'a line');
  expect(told).toHaveLength(2);
});
