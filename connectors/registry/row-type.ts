import avro from 'avsc';
import { Bytes, type Inner, type InnerClass, LongType, type Tap, UnwrappedUnionType } from './avro-type.ts';

const DOUBLE_ENDS = 2n ** 52n;
const isSmall = (value: bigint): boolean => -DOUBLE_ENDS < value && value < DOUBLE_ENDS;

/** 64 bits as bigint, where avsc ends with doubles. */
class Long64 extends LongType {
  override _check(value: unknown, _flags: unknown, hook: unknown): boolean {
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return true;
    if (typeof hook === 'function') hook(value, this);
    return false;
  }

  override _write(tap: Tap, value: unknown): void {
    const long = value as bigint;
    if (isSmall(long)) tap.writeLong(Number(long));
    else writeZigzag(tap, BigInt.asUintN(64, (long << 1n) ^ (long >> 63n)));
  }

  override _read(tap: Tap): bigint {
    let zigzag = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = tap.buf[tap.pos++] ?? 0;
      zigzag |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) break;
    }
    return BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n));
  }
}

/** As avsc does it, what does not fit moves the place only: the caller sees that and writes once more into a larger buffer. */
function writeZigzag(tap: Tap, zigzag: bigint): void {
  let rest = zigzag;
  while (rest >= 0x80n) {
    tap.buf[tap.pos++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  tap.buf[tap.pos++] = Number(rest);
}

/** `["null", X]` alone, told apart without looking into the value. */
class Nullable extends UnwrappedUnionType {
  override _write(tap: Tap, value: unknown): void {
    if (value === null) {
      tap.writeLong(0);
      return;
    }
    tap.writeLong(1);
    (this as unknown as { types: Inner[] }).types[1]?._write(tap, value);
  }

  override _check(value: unknown, flags: unknown, hook: unknown): boolean {
    return value === null || ((this as unknown as { types: Inner[] }).types[1]?._check(value, flags, hook) ?? false);
  }
}

const CLASSES: Readonly<Record<string, InnerClass>> = { bytes: Bytes, long: Long64 };

/** An avsc type for what `rowSchema` makes: longs are bigint, bytes any Uint8Array, logical types what lies beneath them. */
export function rowType(schema: unknown): avro.Type {
  const typeHook = (part: unknown, options: unknown): avro.Type | undefined => {
    if (Array.isArray(part)) return new Nullable(part, options) as unknown as avro.Type;
    const kind = typeof part === 'string' ? part : (part as { type?: unknown }).type;
    const Class = typeof kind === 'string' ? CLASSES[kind] : undefined;
    return Class && (new Class(part, options) as unknown as avro.Type);
  };
  return avro.Type.forSchema(schema as avro.Schema, { typeHook: typeHook as avro.ForSchemaOptions['typeHook'] });
}
