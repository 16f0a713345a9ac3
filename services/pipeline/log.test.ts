import { expect, test } from '@jest/globals';
import { createSignals } from './events.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';

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
