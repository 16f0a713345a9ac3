import { expect, test } from '@jest/globals';
import { RetriableError } from '../pipeline/errors.ts';
import { type LogFields, SILENT } from '../pipeline/log.ts';
import { createMetrics } from '../pipeline/metrics.ts';
import type { Problem } from './problem-answer.ts';
import { createTelemetry } from './telemetry.ts';

test('requests that are put off give one line a second, with their count, and all are in the metric', async () => {
  const lines: LogFields[] = [];
  let now = 0;
  const metrics = createMetrics('api');
  const telemetry = createTelemetry({ ...SILENT, warn: (fields) => void lines.push(fields) }, metrics, () => now);
  const problem = { status: 503, body: { code: 'overloaded' } } as Problem;
  for (; now < 3_000; now += 10) telemetry.refused('batches', problem, new RetriableError('kafka_timeout', 'slow'));
  expect(lines.map(({ count }) => count)).toEqual([1, 100, 100]);
  expect(lines[0]).toMatchObject({ route: 'batches', code: 'overloaded', why: 'kafka_timeout: slow' });
  expect(await metrics.text()).toContain('ddc_api_refusals_total{code="overloaded",room="api"} 300');
});
