import { equalBytes } from '../bytes.ts';
import type { Cbor } from '../dag-cbor.ts';
import { ProtocolError, type ProtocolErrorCode } from '../errors.ts';
import { isCounter } from '../header.ts';
import { isScopeName, META_SCOPE } from '../scope-name.ts';
import { isX25519Key } from '../x25519.ts';

/** Reads one member of a body; `undefined` where it is absent. @throws ProtocolError with the member's own code. */
export type Field<T> = (value: Cbor | undefined) => T;

const isByteString = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length;
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

/** An integer from 0 to 2^53-1. */
export const counter =
  (code: ProtocolErrorCode): Field<number> =>
  (value) => {
    if (!isCounter(value)) throw new ProtocolError(code);
    return value;
  };

/** An integer from 0 to 2^32-1. */
export const epoch: Field<number> = (value) => {
  if (!isCounter(value) || value > 0xffff_ffff) throw new ProtocolError('epoch');
  return value;
};

/** Exactly so many bytes. */
export const bytes =
  (length: number, code: ProtocolErrorCode): Field<Uint8Array> =>
  (value) => {
    if (!isByteString(value, length)) throw new ProtocolError(code);
    return value;
  };

/** A public key for signatures: 32 bytes, not all zero. */
export const publicKey =
  (code: ProtocolErrorCode): Field<Uint8Array> =>
  (value) => {
    if (!isByteString(value, 32) || isZero(value)) throw new ProtocolError(code);
    return value;
  };

/** A key to which something can be sealed. */
export const x25519: Field<Uint8Array> = (value) => {
  if (!isX25519Key(value)) throw new ProtocolError('x25519');
  return value;
};

/** Text that `holds`. */
export const text =
  (code: ProtocolErrorCode, holds: (value: unknown) => value is string): Field<string> =>
  (value) => {
    if (!holds(value)) throw new ProtocolError(code);
    return value;
  };

/** One of a few words. */
export const word =
  <W extends string>(code: ProtocolErrorCode, ...words: readonly W[]): Field<W> =>
  (value) => {
    const found = words.find((one) => one === value);
    if (found === undefined) throw new ProtocolError(code);
    return found;
  };

/** The name of a scope whose key can be given away: one that a client may use, or `__meta`, which nothing else includes. */
export const scope: Field<string> = (value) => {
  if (typeof value !== 'string' || (!isScopeName(value) && value !== META_SCOPE)) throw new ProtocolError('scope');
  return value;
};

const same = (a: Cbor, b: Cbor) => a === b || (a instanceof Uint8Array && b instanceof Uint8Array && equalBytes(a, b));

/** 1 to `most` different elements. */
export const list =
  <T extends string | Uint8Array>(code: ProtocolErrorCode, most: number, element: Field<T>): Field<T[]> =>
  (value) => {
    if (!Array.isArray(value) || value.length < 1 || value.length > most) throw new ProtocolError(code);
    const elements = value.map(element);
    const texts = new Set(elements.filter((one) => typeof one === 'string'));
    const others = elements.filter((one) => typeof one !== 'string');
    const different = others.every((one, i) => !others.slice(0, i).some((earlier) => same(earlier, one)));
    if (!different || texts.size + others.length !== elements.length) throw new ProtocolError(code, 'twice');
    return elements;
  };

/** A member that may be absent. */
export const optional =
  <T>(field: Field<T>): Field<T | undefined> =>
  (value) =>
    value === undefined ? undefined : field(value);
