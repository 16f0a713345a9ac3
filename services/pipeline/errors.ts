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
