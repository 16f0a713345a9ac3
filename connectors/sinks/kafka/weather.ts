import { RetriableError } from '../../../services/pipeline/errors.ts';

/** What Kafka, its registry, or the network between says when they, not we, are at fault. */
const WEATHER: ReadonlySet<string> = new Set([
  'kafka_fenced',
  'kafka_timeout',
  'kafka_unavailable',
  'record_not_served',
  'registry_unavailable',
  'send_unacknowledged',
]);

/** Errors of the target become RetriableError `sink_unavailable`; everything else is passed through: the database's, or a bug. */
export function toSinkError(
  error: unknown,
  { brokers, registry }: { readonly brokers: readonly string[]; readonly registry: string },
): unknown {
  if (!(error instanceof RetriableError) || !WEATHER.has(error.code)) return error;
  const target =
    error.code === 'registry_unavailable' ? `The schema registry ${registry}` : `Kafka at ${brokers.join()}`;
  return new RetriableError(
    'sink_unavailable',
    `${target} cannot be used for now: ${error.message}. It is tried again until it can.`,
    { cause: error },
  );
}
