import { errorFields, type Log } from '../pipeline/log.ts';
import type { Metrics } from '../pipeline/metrics.ts';
import { isBug, type Problem } from './problems.ts';

/** What the API tells the outside: a metric and, where an operator should look, a log line. No wallets. */
export interface Telemetry {
  accepted(count: number, known: boolean, seconds: number): void;
  refused(route: string, problem: Problem, error: unknown): void;
  answered(route: string, status: number): void;
}

export function createTelemetry(log: Log, metrics: Metrics): Telemetry {
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
  return {
    accepted(count, known, seconds) {
      requests.inc({ route: 'batches', status: '202' });
      batches.inc({ known: String(known) });
      if (!known) events.inc(count);
      duration.observe(seconds);
    },
    refused(route, problem, error) {
      requests.inc({ route, status: String(problem.status) });
      refusals.inc({ code: problem.body.code });
      if (isBug(problem)) log.error({ route, error: errorFields(error) }, 'a request failed by a bug');
      else if (problem.status === 503)
        log.warn({ route, code: problem.body.code, why: reasonOf(error) }, 'a request was put off');
    },
    answered: (route, status) => requests.inc({ route, status: String(status) }),
  };
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error);
