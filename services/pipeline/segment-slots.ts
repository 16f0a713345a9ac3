import { FatalError } from './errors.ts';
import type { StoredBatch } from './segment-reader.ts';

type Envelopes = Readonly<Record<string, Uint8Array>>;

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
 * Reads the DAG-CBOR of a segment in one pass and copies nothing: of each event it notes where it begins, and what is asked for is a view of
 * the block. A general decoder copies every byte string and does not tell where a batch lies, so that it would have to be encoded again
 * to be hashed.
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
    this.#block = Buffer.isBuffer(block) ? block : Buffer.from(block.buffer, block.byteOffset, block.byteLength);
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
    const items: T[] = [];
    for (let left = count; left > 0; left -= 1) items.push(item());
    return items;
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
    const places = this.list(() => this.#passEvent());
    this.name('subject');
    const subject = this.bytes();
    const batch = new SlotBatch(this.#block, places, { subject, app, epoch, meta });
    return { batch, encoded: this.#block.subarray(start, this.#at) };
  }

  /** @returns where it begins */
  #passEvent(): number {
    const start = this.#at;
    for (let left = this.head(MAP); left > 0; left -= 1) {
      this.#pass(this.head(TEXT));
      this.#pass(this.head(BYTES));
    }
    return start;
  }

  /** The event that begins at a place that was passed before. */
  event(at: number): Envelopes {
    this.#at = at;
    const scopes: Record<string, Uint8Array> = Object.create(null);
    for (let left = this.head(MAP); left > 0; left -= 1) scopes[this.text()] = this.bytes();
    return scopes;
  }

  /** The envelope of one scope of it, base64url. */
  envelopeText(at: number, scope: string): string | undefined {
    this.#at = at;
    for (let left = this.head(MAP); left > 0; left -= 1) {
      const isIt = this.#isNext(scope, this.head(TEXT));
      const length = this.head(BYTES);
      const start = this.#at;
      this.#pass(length);
      if (isIt) return this.#block.toString('base64url', start, this.#at);
    }
    return undefined;
  }

  #isNext(name: string, length: number): boolean {
    const start = this.#at;
    this.#pass(length);
    if (name.length !== length) return false;
    for (let i = 0; i < length; i += 1) if (this.#block[start + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  #pass(length: number): void {
    this.#at += length;
    if (this.#at > this.#block.length) throw notStored();
  }

  #take(length: number): Buffer {
    this.#pass(length);
    return this.#block.subarray(this.#at - length, this.#at);
  }
}

/** A batch of which most readers want a part: its events are read when they are asked for. */
class SlotBatch implements StoredBatch {
  readonly subject: Uint8Array;
  readonly app: Uint8Array;
  readonly epoch: number;
  readonly meta: Uint8Array;
  readonly #block: Buffer;
  readonly #places: readonly number[];
  #events: readonly Envelopes[] | undefined;

  constructor(
    block: Buffer,
    places: readonly number[],
    { subject, app, epoch, meta }: Pick<StoredBatch, 'subject' | 'app' | 'epoch' | 'meta'>,
  ) {
    this.#block = block;
    this.#places = places;
    this.subject = subject;
    this.app = app;
    this.epoch = epoch;
    this.meta = meta;
  }

  get count(): number {
    return this.#places.length;
  }

  get events(): readonly Envelopes[] {
    const reader = new Reader(this.#block);
    this.#events ??= this.#places.map((place) => reader.event(place));
    return this.#events;
  }

  envelopeText(index: number, scope: string): string | undefined {
    const place = this.#places[index];
    return place === undefined ? undefined : new Reader(this.#block).envelopeText(place, scope);
  }
}

const notStored = () => new FatalError('batch_not_stored', 'the block that the index names is no segment');
