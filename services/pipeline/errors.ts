/** Kafka, IPFS, the database or the chain is down or slow: back off and try again; the record stays where it is. */
export class RetriableError extends Error {
  readonly retriable = true;
  readonly code: string;
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RetriableError';
    this.code = code;
  }
}

/** Going on would break a promise (another log, an offset out of range, a wrong configuration): alarm and stop. */
export class FatalError extends Error {
  readonly retriable = false;
  readonly code: string;
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'FatalError';
    this.code = code;
  }
}

/** Retention has passed the place where a partition was to be read on. That partition waits for an operator; nothing is skipped. */
export class TrimmedError extends FatalError {
  constructor(message: string) {
    super('offset_out_of_range', message);
    this.name = 'TrimmedError';
  }
}
