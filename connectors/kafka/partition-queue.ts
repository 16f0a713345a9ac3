import type { LogRecord } from '../../services/pipeline/ports/log.ts';

/** Bytes that may wait in memory for one partition before its fetching is paused; it goes on below half of them. */
export const HIGH_WATER_BYTES = 8 * 1024 * 1024;

/** What a record costs beside its bytes. */
const RECORD_OVERHEAD = 200;
const sizeOf = (record: LogRecord) => record.value.length + record.key.length + RECORD_OVERHEAD;

/**
 * The records of one partition between the fetch loop and the lane; pure, no IO.
 * `position` is the offset that the next batch must have been fetched at. Anything else comes from before a seek and is refused,
 * so a batch that was under way when the lane moved can never be taken for the new place.
 */
export class PartitionQueue {
  #records: LogRecord[] = [];
  #head = 0;
  #bytes = 0;
  #position: number | null = null;
  readonly #highWater: number;

  constructor(highWater = HIGH_WATER_BYTES) {
    this.#highWater = highWater;
  }

  /** Null until the first seek: nothing is accepted before the lane has said where it starts. */
  get position(): number | null {
    return this.#position;
  }

  get length(): number {
    return this.#records.length - this.#head;
  }

  get full(): boolean {
    return this.#bytes >= this.#highWater;
  }

  get drained(): boolean {
    return this.#bytes <= this.#highWater / 2;
  }

  /** Drops what waits; the next batch must start at `offset`. */
  seek(offset: number): void {
    this.#records = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#position = offset;
  }

  /** @returns false, and takes nothing, when the batch was not fetched at `position`. */
  offer(fetchedOffset: number, records: readonly LogRecord[], next: number): boolean {
    if (this.#position === null || fetchedOffset !== this.#position) return false;
    this.#letGo();
    for (const record of records) {
      this.#records.push(record);
      this.#bytes += sizeOf(record);
    }
    this.#position = next;
    return true;
  }

  /** In offset order; at least one record if there is any, even if it alone exceeds `maxBytes`. */
  take(maxRecords: number, maxBytes: number): LogRecord[] {
    const taken: LogRecord[] = [];
    let bytes = 0;
    while (this.#head < this.#records.length && taken.length < maxRecords) {
      const record = this.#records[this.#head] as LogRecord;
      bytes += record.value.length + record.key.length;
      if (taken.length > 0 && bytes > maxBytes) break;
      taken.push(record);
      this.#head += 1;
      this.#bytes -= sizeOf(record);
    }
    if (this.length === 0) this.#letGo();
    return taken;
  }

  /** Forgets what was taken. At every offer too, since behind a backlog the queue is never empty and would hold all that ever went through it. */
  #letGo(): void {
    if (this.#head === 0) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }
}
