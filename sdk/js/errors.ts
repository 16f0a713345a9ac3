/** What the service said of a batch that it will never take; sending it again would not help. */
export class BatchRefused extends Error {
  readonly code: string;
  readonly status: number;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'BatchRefused';
    this.status = status;
    this.code = code;
  }
}

/** An accepted batch that the pipeline could not keep: `dead` (operators hold a copy) or `erased`. Its seq stays used. */
export class BatchLost extends Error {
  readonly outcome: 'dead' | 'erased';
  readonly batchId: string;
  constructor(batchId: string, outcome: 'dead' | 'erased') {
    super(`batch ${batchId} is ${outcome}`);
    this.name = 'BatchLost';
    this.batchId = batchId;
    this.outcome = outcome;
  }
}
