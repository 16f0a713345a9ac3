/**
 * The part of DAG-CBOR that segments need, written by hand: maps with known keys, lists, byte strings, ASCII text and
 * unsigned integers. A general encoder walks every value twice and costs more than the rest of the room together.
 * `batch-block.test.ts` compares every byte with @ipld/dag-cbor.
 */
export const UINT = 0;
const BYTES = 2;
const TEXT = 3;
export const LIST = 4;
export const MAP = 5;

/** Bytes of the head of an item: major type and argument, in the shortest form. */
export function headSize(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x10000) return 3;
  if (argument <= 0xffffffff) return 5;
  throw new RangeError(`${argument} is beyond the 32 bits that a segment's lengths and numbers have`);
}

/** Writes items one after the other into bytes whose size was computed before. */
export class CborWriter {
  readonly bytes: Uint8Array;
  private offset = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  head(major: number, argument: number): this {
    const { bytes } = this;
    const type = major << 5;
    if (argument < 24) {
      bytes[this.offset++] = type | argument;
      return this;
    }
    const width = headSize(argument) - 1;
    bytes[this.offset++] = type | (width === 1 ? 24 : width === 2 ? 25 : 26);
    for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) bytes[this.offset++] = (argument >>> shift) & 0xff;
    return this;
  }

  /** ASCII text: keys and scope names. */
  text(value: string): this {
    this.head(TEXT, value.length);
    for (let i = 0; i < value.length; i++) this.bytes[this.offset++] = value.charCodeAt(i);
    return this;
  }

  byteString(value: Uint8Array): this {
    return this.head(BYTES, value.length).raw(value);
  }

  /** Bytes that are already encoded. */
  raw(value: Uint8Array): this {
    this.bytes.set(value, this.offset);
    this.offset += value.length;
    return this;
  }

  /** The result. @throws Error when the computed size was wrong. */
  finish(): Uint8Array {
    if (this.offset !== this.bytes.length) throw new Error(`wrote ${this.offset} of ${this.bytes.length} bytes`);
    return this.bytes;
  }
}
