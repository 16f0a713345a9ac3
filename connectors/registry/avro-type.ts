import avro from 'avsc';

/** The parts of avsc's cursor and types that reading and writing go through; public in its code, absent from its typings. */
export interface Tap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
  writeLong(value: number): void;
  skipLong(): void;
  readString(): string;
}
export interface Inner {
  _read(tap: Tap): unknown;
  _write(tap: Tap, value: unknown): void;
  _check(value: unknown, flags: unknown, hook: unknown): boolean;
}
export type InnerClass = new (schema: unknown, options: unknown) => Inner;

export const { ArrayType, BytesType, FixedType, LongType, MapType, UnwrappedUnionType } =
  avro.types as unknown as Record<
    'ArrayType' | 'BytesType' | 'FixedType' | 'LongType' | 'MapType' | 'UnwrappedUnionType',
    InnerClass
  >;

/** avsc insists on Buffer; here bytes are any Uint8Array. A view, not a copy. */
function asBuffer(value: unknown): unknown {
  if (!(value instanceof Uint8Array) || Buffer.isBuffer(value)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

const takingBytes = (Base: InnerClass): InnerClass =>
  class extends Base {
    override _write(tap: Tap, value: unknown): void {
      super._write(tap, asBuffer(value));
    }
    override _check(value: unknown, flags: unknown, hook: unknown): boolean {
      return super._check(asBuffer(value), flags, hook);
    }
  };

/** What is read is a view of the input: a batch is hundreds of envelopes, and to copy each costs more than all else of reading it. */
export class Bytes extends takingBytes(BytesType) {
  override _read(tap: Tap): Buffer {
    const length = tap.readLong();
    const start = tap.pos;
    if (length < 0 || length > tap.buf.length - start)
      throw new RangeError(`${length} bytes in ${tap.buf.length - start}`);
    tap.pos = start + length;
    return tap.buf.subarray(start, tap.pos);
  }
}
const Fixed = takingBytes(FixedType);
const Union = takingBytes(UnwrappedUnionType);

/**
 * The length of the next block of an array or map. avsc believes it, and reads zeros beyond the end of its input: six bytes could
 * make it build billions of items. Every item of ours takes at least a byte (a test of `schemas/` holds that), so no block is longer
 * than what is left.
 */
function blockLength(tap: Tap): number {
  let count = tap.readLong();
  if (count < 0) {
    count = -count;
    tap.skipLong();
  }
  if (count > tap.buf.length - tap.pos) throw new RangeError(`a block of ${count} items in ${tap.buf.length} bytes`);
  return count;
}

class BoundedArray extends ArrayType {
  override _read(tap: Tap): unknown[] {
    const { itemsType } = this as unknown as { itemsType: Inner };
    const items: unknown[] = [];
    for (let count = blockLength(tap); count > 0; count = blockLength(tap)) {
      while (count-- > 0) items.push(itemsType._read(tap));
    }
    return items;
  }
}

class BoundedMap extends MapType {
  override _read(tap: Tap): Record<string, unknown> {
    const { valuesType } = this as unknown as { valuesType: Inner };
    const entries: Record<string, unknown> = {};
    for (let count = blockLength(tap); count > 0; count = blockLength(tap)) {
      while (count-- > 0) {
        const key = tap.readString();
        if (key === '__proto__') throw new RangeError('a map with a key __proto__');
        entries[key] = valuesType._read(tap);
      }
    }
    return entries;
  }
}

/** Below it the zigzag form is an odd number beyond 2^53, which no double holds. */
const LEAST_LONG = -(2 ** 52);
const isLong = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= LEAST_LONG;

/**
 * avsc's longs end at 2^53-2, one before what the protocol allows as a counter: a batch that was accepted with that number could be
 * encoded by no room. The zigzag form of 2^53-1 is even, so doubles hold it on the way in and out.
 */
class Long extends LongType {
  override _check(value: unknown, _flags: unknown, hook: unknown): boolean {
    if (isLong(value)) return true;
    if (typeof hook === 'function') hook(value, this);
    return false;
  }
  override _write(tap: Tap, value: unknown): void {
    if (!isLong(value)) throw new TypeError(`${String(value)} is no long`);
    tap.writeLong(value);
  }
  override _read(tap: Tap): number {
    const value = tap.readLong();
    if (!isLong(value)) throw new RangeError('a long beyond 2^53-1');
    return value;
  }
}

const CLASSES: Readonly<Record<string, InnerClass>> = {
  bytes: Bytes,
  fixed: Fixed,
  long: Long,
  array: BoundedArray,
  map: BoundedMap,
};

/** An avsc type that takes any Uint8Array for bytes and every safe counter for a long, and cannot be made to allocate more than its input warrants. */
export function avroType(schema: unknown): avro.Type {
  const typeHook = (part: unknown, options: unknown): avro.Type | undefined => {
    if (Array.isArray(part)) return new Union(part, options) as unknown as avro.Type;
    const kind = typeof part === 'string' ? part : (part as { type?: unknown }).type;
    const Class = typeof kind === 'string' ? CLASSES[kind] : undefined;
    return Class && (new Class(part, options) as unknown as avro.Type);
  };
  return avro.Type.forSchema(schema as avro.Schema, { typeHook: typeHook as avro.ForSchemaOptions['typeHook'] });
}
