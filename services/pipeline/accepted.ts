import { RetriableError } from './errors.ts';
import type { Codec } from './ports/codec.ts';
import type { LogRecord } from './ports/log.ts';

/** An input that the read rule let through. */
export interface Accepted<I> {
  /** Offset in `received`. */
  readonly origin: number;
  readonly value: I;
  readonly record: LogRecord;
  /** Header `retryOf` of `received`: the dead original that this record takes over. */
  readonly retryOf: number | null;
}

/** How much one flush may hold. */
export interface FlushLimits {
  readonly maxRecords: number;
  /** Bytes of the inputs. */
  readonly maxBytes: number;
  /** How long the first record of a flush waits for others. 0: only for what is there already. */
  readonly lingerMs: number;
}

/** What a lane has accepted and not yet sent or applied. */
export interface Buffered {
  readonly origin: number;
  /** Input offset after this record. */
  readonly next: number;
  readonly record: LogRecord;
}

export interface Decoded<I> {
  readonly value: I | null;
  readonly error: unknown;
}

/** Decodes, telling an undecodable record (poison) from a bug in the codec. */
export function tryDecode<I>(codec: Codec<I>, record: LogRecord): Decoded<I> {
  try {
    return { value: codec.decode(record.value), error: null };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'undecodable') return { value: null, error };
    throw error;
  }
}

/**
 * Does something to every record of a flush; a `RetriableError` goes out only when all were tried. Records may name schemas that are
 * still on their way: asked for one after the other, with a pause each, a flush of many would take hours.
 */
export function eachOrRetry<T, R>(items: readonly T[], attempt: (item: T, index: number) => R): R[] {
  let waiting: RetriableError | null = null;
  const done: R[] = [];
  items.forEach((item, index) => {
    try {
      done.push(attempt(item, index));
    } catch (error) {
      if (!(error instanceof RetriableError)) throw error;
      waiting ??= error;
    }
  });
  if (waiting) throw waiting;
  return done;
}
