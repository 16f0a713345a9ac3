import { Kafka, type KafkaConfig, type LogEntry, logLevel, type RetryOptions } from 'kafkajs';
import { capGzip } from './gzip-cap.ts';
import { restWhileNothingWaits } from './request-queue.ts';

/** The calls of a structured logger that this folder makes; pino fits. */
export interface KafkaLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface KafkaOptions {
  readonly brokers: readonly string[];
  /** Shown in the broker's logs and metrics. */
  readonly clientId: string;
  readonly log: KafkaLog;
  /** Milliseconds until a request without an answer counts as failed. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds until connecting, or leaving, is given up. */
  readonly connectTimeoutMs?: number;
  /** Replaces the socket; for tests. */
  readonly socketFactory?: KafkaConfig['socketFactory'];
}

export const REQUEST_TIMEOUT_MS = 10_000;
export const CONNECT_TIMEOUT_MS = 15_000;

/** Spelled out, because kafkajs takes other defaults when NODE_ENV is `test`. About 5 s in all when nothing answers. */
const CONNECT_RETRY: RetryOptions = {
  initialRetryTime: 100,
  multiplier: 2,
  factor: 0.2,
  maxRetryTime: 1_500,
  retries: 5,
};

/**
 * A kafkajs client with every limit set.
 * @param onEntry sees each warning and error that kafkajs logs
 * @param retries attempts to connect in a row, for those who sit an outage out; few unless told
 */
export function newKafka(options: KafkaOptions, onEntry?: (entry: LogEntry) => void, retries?: number): Kafka {
  const config = kafkaConfig(options, onEntry);
  return new Kafka(retries === undefined ? config : { ...config, retry: { ...CONNECT_RETRY, retries } });
}

/** @internal Shared with the cluster access in `cluster.ts`. Also mends kafkajs where it can be mended only for the whole process. */
export function kafkaConfig(options: KafkaOptions, onEntry?: (entry: LogEntry) => void): KafkaConfig {
  capGzip();
  restWhileNothingWaits();
  const { brokers, clientId, log, requestTimeoutMs = REQUEST_TIMEOUT_MS, socketFactory } = options;
  return {
    brokers: [...brokers],
    clientId,
    connectionTimeout: 3_000,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: CONNECT_RETRY,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      onEntry?.(entry);
      const { message, timestamp: _timestamp, logger: _logger, ...fields } = entry.log;
      // What kafkajs calls an error is mostly an attempt that is made again; what matters is thrown and judged by the caller.
      log.warn({ namespace: entry.namespace, ...fields, kafkajs: entry.label }, message);
    },
    ...(socketFactory ? { socketFactory } : {}),
  };
}
