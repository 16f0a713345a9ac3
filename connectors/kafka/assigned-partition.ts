import { FatalError, TrimmedError } from '../../services/pipeline/errors.ts';
import type { LogRecord, PartitionInput } from '../../services/pipeline/ports/log.ts';
import { PartitionQueue } from './partition-queue.ts';

/** What a partition needs of the consumer that holds it. */
export interface PartitionEdge {
  /** Apply position and pause to the fetch loop; does nothing while the consumer is between two memberships. */
  seek(partition: number, offset: number): void;
  pause(partition: number): void;
  resume(partition: number): void;
  firstOffset(partition: number): Promise<number>;
  endOffset(partition: number): Promise<number>;
  showProgress(partition: number, next: number): void;
}

/** Batches refused in a row at one position before it is clear that seeking there does not help. */
const MAX_REFUSED = 50;

/** One partition while this instance holds it: the kafkajs fetch loop pushes, the lane polls, neither waits for the other. */
export class AssignedPartition implements PartitionInput {
  readonly partition: number;
  readonly #edge: PartitionEdge;
  readonly #queue: PartitionQueue;
  readonly #revocation = new AbortController();
  #paused = true;
  #failure: Error | null = null;
  #refused = 0;
  #judging = false;
  #wake: (() => void) | null = null;

  constructor(partition: number, edge: PartitionEdge, prefetchBytes?: number) {
    this.partition = partition;
    this.#queue = new PartitionQueue(prefetchBytes);
    this.#edge = edge;
  }

  get revoked(): AbortSignal {
    return this.#revocation.signal;
  }

  seek(offset: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0) throw new TypeError(`cannot seek to ${offset}`);
    this.#queue.seek(offset);
    if (this.#failure instanceof TrimmedError) this.#failure = null;
    this.#refused = 0;
    this.#paused = false;
    this.attach();
  }

  async poll(limits: { maxRecords: number; maxBytes: number; waitMs: number }): Promise<LogRecord[]> {
    this.#throwIfOver();
    // A lane that never seeks gets the whole log, not what Kafka last heard of its progress.
    if (this.#queue.position === null) this.seek(0);
    if (this.#queue.length === 0) {
      await this.#arrival(limits.waitMs);
      this.#throwIfOver();
    }
    const records = this.#queue.take(limits.maxRecords, limits.maxBytes);
    if (this.#paused && this.#queue.drained) {
      this.#paused = false;
      this.#edge.resume(this.partition);
    }
    return records;
  }

  async endOffset(): Promise<number> {
    const end = await this.#edge.endOffset(this.partition);
    const { position } = this.#queue;
    if (position !== null && position > end) await this.judgeRange();
    this.#throwIfOver();
    return end;
  }

  showProgress(next: number): void {
    this.#edge.showProgress(this.partition, next);
  }

  /** Tells the fetch loop where this partition stands; again after each rebalance, which makes kafkajs forget it. */
  attach(): void {
    const { position } = this.#queue;
    if (this.#paused || position === null) this.#edge.pause(this.partition);
    else this.#edge.resume(this.partition);
    if (position !== null) this.#edge.seek(this.partition, position);
  }

  /** From the fetch loop. @returns whether the batch was taken; if not, the loop is sent back to where the lane stands. */
  deliver(fetchedOffset: number, records: readonly LogRecord[], next: number): boolean {
    if (this.#failure) return false;
    if (!this.#queue.offer(fetchedOffset, records, next)) {
      this.#refused += 1;
      if (this.#refused > MAX_REFUSED) {
        const place = `partition ${this.partition} at ${this.#queue.position}`;
        this.fail(
          new FatalError(
            'log_has_gaps',
            `${place}: batches come from ${fetchedOffset}, and seeking back does not help`,
          ),
        );
      }
      this.attach();
      if (this.#queue.position !== null) void this.judgeRange();
      return false;
    }
    this.#refused = 0;
    if (this.#queue.full && !this.#paused) this.#stopFetching();
    this.#wake?.();
    return true;
  }

  /**
   * kafkajs answers an offset out of range by starting at the other end of the log. Here records before the lane's place that are gone
   * (retention) stop the partition until it is sought elsewhere, and a place beyond the end (another or a truncated log) stops for good.
   */
  async judgeRange(): Promise<void> {
    const { position } = this.#queue;
    if (position === null || this.#judging) return;
    this.#judging = true;
    try {
      const first = await this.#edge.firstOffset(this.partition);
      const end = await this.#edge.endOffset(this.partition);
      if (this.#queue.position !== position) return;
      const place = `next offset is ${position}, but partition ${this.partition} holds ${first} to ${end}; nothing was skipped`;
      if (position < first) {
        this.#stopFetching();
        this.fail(
          new TrimmedError(
            `${place}. Retention has passed what was to be read. Pinner and indexer may go on at ${first} as long as \`received\` still holds what is missing: \`ddc repair --skip-trimmed\` looks and moves them. For others see docs/operations.md, Repair`,
          ),
        );
      } else if (position > end) {
        this.fail(new FatalError('offset_out_of_range', `${place}. This is another log, or one that lost its end`));
      } else {
        this.attach();
      }
    } catch (error) {
      // Not judged is not passed: the same fetch fails again and asks again.
      if (!(error instanceof Error && 'retriable' in error && error.retriable)) this.fail(error as Error);
      else this.attach();
    } finally {
      this.#judging = false;
    }
  }

  #stopFetching(): void {
    this.#paused = true;
    this.#edge.pause(this.partition);
  }

  /** The next `poll` rejects with this. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  revoke(reason: Error): void {
    this.#revocation.abort(reason);
    this.#wake?.();
  }

  #throwIfOver(): void {
    this.#revocation.signal.throwIfAborted();
    if (this.#failure) throw this.#failure;
  }

  #arrival(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      this.#wake = done;
    });
  }
}
