import { FatalError } from './errors.ts';
import type { StoredBatch } from './segment-reader.ts';

/** One batch of a segment: what it says, and the bytes that its hash is over. */
export interface SegmentSlot {
  readonly batch: StoredBatch;
  /** DAG-CBOR of the batch, a view of the segment. */
  readonly encoded: Uint8Array;
}

const UINT = 0;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;

/**
 * Reads the DAG-CBOR of a segment in one pass and copies nothing: envelopes are views of the block. A general decoder copies every byte
 * string and does not tell where a batch lies, so that it would have to be encoded again to be hashed.
 * @throws FatalError `batch_not_stored` for a block that is no segment
 */
export function segmentSlots(block: Uint8Array): SegmentSlot[] {
  const reader = new Reader(block);
  reader.map(2);
  reader.name('v');
  reader.head(UINT);
  reader.name('batches');
  return reader.list(() => reader.slot());
}

class Reader {
  readonly #block: Buffer;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#block = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  }

  head(wanted: number): number {
    const first = this.#block[this.#at++] ?? 0xff;
    if (first >> 5 !== wanted) throw notStored();
    const minor = first & 31;
    if (minor < 24) return minor;
    const size = minor === 24 ? 1 : minor === 25 ? 2 : minor === 26 ? 4 : 0;
    if (size === 0 || this.#at + size > this.#block.length) throw notStored();
    this.#at += size;
    return this.#block.readUIntBE(this.#at - size, size);
  }

  map(members: number): void {
    if (this.head(MAP) !== members) throw notStored();
  }

  /** Scope names and keys are ASCII. */
  text(): string {
    return this.#take(this.head(TEXT)).toString('latin1');
  }

  name(wanted: string): void {
    if (this.text() !== wanted) throw notStored();
  }

  bytes(): Uint8Array {
    return this.#take(this.head(BYTES));
  }

  list<T>(item: () => T): T[] {
    const count = this.head(LIST);
    // Every item takes a byte at least: a count alone reserves nothing.
    if (count > this.#block.length - this.#at) throw notStored();
    return Array.from({ length: count }, item);
  }

  slot(): SegmentSlot {
    const start = this.#at;
    this.map(5);
    this.name('app');
    const app = this.bytes();
    this.name('meta');
    const meta = this.bytes();
    this.name('epoch');
    const epoch = this.head(UINT);
    this.name('events');
    const events = this.list(() => this.#event());
    this.name('subject');
    const subject = this.bytes();
    return { batch: { subject, app, epoch, meta, events }, encoded: this.#block.subarray(start, this.#at) };
  }

  #event(): Record<string, Uint8Array> {
    const scopes: Record<string, Uint8Array> = Object.create(null);
    for (let left = this.head(MAP); left > 0; left -= 1) scopes[this.text()] = this.bytes();
    return scopes;
  }

  #take(length: number): Buffer {
    this.#at += length;
    if (this.#at > this.#block.length) throw notStored();
    return this.#block.subarray(this.#at - length, this.#at);
  }
}

const notStored = () => new FatalError('batch_not_stored', 'the block that the index names is no segment');
