import type { DeadLetter, Received } from '../../schemas/index.ts';
import { tryDecode } from './accepted.ts';
import { FatalError } from './errors.ts';
import type { Codec } from './ports/codec.ts';
import type { LogLookup, LogRecord } from './ports/log.ts';

const NO_KEY = new Uint8Array(32);
const NO_BYTES = new Uint8Array(0);

const unreadable = (key: Uint8Array, sealed: Uint8Array): Received => ({
  batchId: NO_KEY,
  app: NO_KEY,
  wallet: key.length === 32 ? key : NO_KEY,
  rootVersion: 0,
  receivedAt: 0,
  format: 'ndjson',
  sealed,
});

/**
 * Decodes a record of `received`; one that is undecodable, as a dead letter may well be, is kept as raw bytes under its key.
 * @throws RetriableError while its schema is on the way: kept as raw bytes it could never be retried
 */
export function originalOf(record: LogRecord, codec: Codec<Received>): Received {
  return tryDecode(codec, record).value ?? unreadable(record.key, record.value);
}

/** Reads the original at `origin`; when retention has passed it, an empty one is what is left. */
export async function lookUpOriginal(
  lookup: LogLookup,
  topic: string,
  partition: number,
  origin: number,
  key: Uint8Array,
  codec: Codec<Received>,
): Promise<Received> {
  try {
    return originalOf(await lookup.readAt(topic, partition, origin), codec);
  } catch (error) {
    if (error instanceof FatalError && error.code === 'offset_out_of_range') return unreadable(key, NO_BYTES);
    throw error;
  }
}

/** The copy for the dead letters. Its message is for operators and never holds content. */
export function deadLetterOf(
  original: Received,
  origin: number,
  stage: DeadLetter['stage'],
  code: string,
  cause: unknown,
): DeadLetter {
  return {
    ...original,
    origin,
    stage,
    code,
    message: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause),
  };
}
