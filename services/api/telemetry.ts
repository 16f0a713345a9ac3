import { hasPassed } from '../pipeline/clock.ts';
import { errorFields, type Log, type LogFields } from '../pipeline/log.ts';
import type { Metrics } from '../pipeline/metrics.ts';
import { isBug, type Problem } from './problem-answer.ts';

/** What the API tells the outside: a metric and, where an operator should look, a log line. No wallets. */
export interface Telemetry {
  accepted(route: string, count: number, known: boolean, seconds: number): void;
  refused(route: string, problem: Problem, error: unknown): void;
  answered(route: string, status: number): void;
}

/** Under overload every line of a log that is written synchronously costs an answer: one a second says it all. */
const PUT_OFF_LINE_MS = 1_000;

/** @param now milliseconds */
export function createTelemetry(log: Log, metrics: Metrics, now: () => number): Telemetry {
  const requests = metrics.counter('ddc_api_requests_total', 'Requests answered.', ['route', 'status']);
  const refusals = metrics.counter('ddc_api_refusals_total', 'Requests refused, by problem code.', ['code']);
  const batches = metrics.counter(
    'ddc_api_batches_total',
    'Batches answered 202; known: they had been accepted before.',
    ['known'],
  );
  const events = metrics.counter('ddc_api_events_total', 'Events of batches accepted for the first time.');
  const duration = metrics.histogram(
    'ddc_api_accept_seconds',
    'From the complete body to the acknowledgement.',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  );
  let toldAt = Number.NEGATIVE_INFINITY;
  let untold = 0;

  function putOff(fields: LogFields): void {
    untold += 1;
    if (!hasPassed(PUT_OFF_LINE_MS, toldAt, now())) return;
    log.warn({ ...fields, count: untold }, 'requests were put off; this is the last of them');
    toldAt = now();
    untold = 0;
  }

  return {
    accepted(route, count, known, seconds) {
      requests.inc({ route, status: '202' });
      batches.inc({ known: String(known) });
      if (!known) events.inc(count);
      duration.observe(seconds);
    },
    refused(route, problem, error) {
      requests.inc({ route, status: String(problem.status) });
      refusals.inc({ code: problem.body.code });
      if (isBug(problem)) log.error({ route, error: errorFields(error) }, 'a request failed by a bug');
      else if (problem.status === 503) putOff({ route, code: problem.body.code, why: reasonOf(error) });
    },
    answered: (route, status) => requests.inc({ route, status: String(status) }),
  };
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error);
