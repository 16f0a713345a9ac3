import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';

/** The fields that kafkajs puts on its errors; `type` is the protocol's name of a broker's refusal. */
interface KafkaFields {
  name?: string;
  message?: string;
  type?: string;
  code?: unknown;
  stack?: string;
}

/** Refusals that no repetition changes. Everything else may pass: a broker restarts, a leader moves, a topic gets applied. */
const HOPELESS: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: 'record_too_large',
  RECORD_LIST_TOO_LARGE: 'record_too_large',
  INVALID_RECORD: 'kafka_refused',
  INVALID_TOPIC_EXCEPTION: 'kafka_refused',
  INVALID_REQUIRED_ACKS: 'kafka_refused',
  UNSUPPORTED_VERSION: 'kafka_refused',
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 'kafka_refused',
  TOPIC_AUTHORIZATION_FAILED: 'kafka_forbidden',
  GROUP_AUTHORIZATION_FAILED: 'kafka_forbidden',
  CLUSTER_AUTHORIZATION_FAILED: 'kafka_forbidden',
  SASL_AUTHENTICATION_FAILED: 'kafka_forbidden',
  OFFSET_OUT_OF_RANGE: 'offset_out_of_range',
};

/** kafkajs wraps: what the broker or the socket said is at the end of the chain. */
function rootOf(error: Error): Error & KafkaFields {
  let root = error;
  for (let depth = 0; depth < 8 && root.cause instanceof Error && root.cause !== root; depth++) root = root.cause;
  return root;
}

/** ECONNRESET, ENOTFOUND and their like; ERR_SSL_…, ERR_TLS_…, ERR_SOCKET_…, ERR_STREAM_…: the network, not the code. */
const OF_SOCKETS = /^(E[A-Z]+|ERR_(SSL|TLS|SOCKET|STREAM)_\w+)$/;

/** kafkajs has no class for all it throws: over a half read answer it fails with a TypeError of its own. Then its code is where it began. */
function isOfKafka({ name = '', code, stack = '' }: KafkaFields): boolean {
  if (name.startsWith('KafkaJS') || (typeof code === 'string' && OF_SOCKETS.test(code))) return true;
  const origin = stack.split('\n').find((line) => /^\s+at /.test(line) && !line.includes('node:'));
  return origin?.includes('/node_modules/kafkajs/') ?? false;
}

/** The protocol's name of what a broker refused with; undefined where no broker said anything. */
export const refusalOf = (error: unknown): string | undefined =>
  error instanceof Error ? rootOf(error).type : undefined;

/**
 * Turns whatever kafkajs throws into one of ours, so that `retriable` is set on every error of Kafka that leaves this folder.
 * kafkajs calls an exhausted retry "not retriable"; for the corridor it is: the broker is down and will be back.
 * @returns the error that lies beneath, unchanged, when it is neither of kafkajs nor of a socket: a bug of ours, to crash on
 */
export function toPortError(error: unknown, what: string): RetriableError | FatalError | Error {
  if (error instanceof RetriableError || error instanceof FatalError) return error;
  const root = rootOf(error instanceof Error ? error : new Error(String(error)));
  if (!isOfKafka(root)) return root;
  const message = `${what}: ${root.message ?? 'unknown'}`;
  if (root.name === 'KafkaJSSASLAuthenticationError')
    return new FatalError('kafka_forbidden', message, { cause: error });
  const hopeless = root.type === undefined ? undefined : HOPELESS[root.type];
  if (hopeless !== undefined) return new FatalError(hopeless, `${message} (${root.type})`, { cause: error });
  return new RetriableError('kafka_unavailable', root.type ? `${message} (${root.type})` : message, { cause: error });
}
