import { isBytes } from './bytes.ts';
import type { Cbor } from './dag-cbor.ts';
import { ProtocolError, type ProtocolErrorCode, shownName } from './errors.ts';

/** A decoded DAG-CBOR map. */
export type CborMap = { readonly [name: string]: Cbor };

const isMap = (value: Cbor | undefined): value is { [name: string]: Cbor } =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);

/**
 * Reads the members of a map whose form is known; what is missing, of another type or too much is refused with one code.
 * @param where said in refusals
 */
export class CborFields {
  readonly #map: CborMap;
  readonly #where: string;
  readonly #code: ProtocolErrorCode;

  constructor(value: Cbor | undefined, where: string, code: ProtocolErrorCode, names: readonly string[]) {
    if (!isMap(value)) throw new ProtocolError(code, where);
    this.#map = value;
    this.#where = where;
    this.#code = code;
    const known = new Set(names);
    for (const name in value) if (!known.has(name)) throw new ProtocolError(code, `${where}: ${shownName(name)}`);
  }

  #refuse(name: string): ProtocolError {
    return new ProtocolError(this.#code, `${this.#where}.${name}`);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#map, name);
  }

  value(name: string): Cbor | undefined {
    return this.has(name) ? this.#map[name] : undefined;
  }

  number(name: string): number {
    const value = this.value(name);
    if (typeof value !== 'number') throw this.#refuse(name);
    return value;
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value !== 'string') throw this.#refuse(name);
    return value;
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T {
    const value = this.text(name);
    const word = words.find((one) => one === value);
    if (word === undefined) throw this.#refuse(name);
    return word;
  }

  bytes(name: string, length: number): Uint8Array {
    const value = this.value(name);
    if (!isBytes(value, length)) throw this.#refuse(name);
    return value;
  }

  /** Of any length. */
  anyBytes(name: string): Uint8Array {
    const value = this.value(name);
    if (!(value instanceof Uint8Array)) throw this.#refuse(name);
    return value;
  }

  hashes(name: string): Uint8Array[] {
    const value = this.value(name);
    if (!Array.isArray(value) || !value.every((hash): hash is Uint8Array => isBytes(hash, 32)))
      throw this.#refuse(name);
    return value;
  }

  /** Decimal text of a u128. */
  amount(name: string): bigint {
    const value = this.text(name);
    if (!/^(0|[1-9]\d{0,38})$/.test(value) || BigInt(value) >> 128n !== 0n) throw this.#refuse(name);
    return BigInt(value);
  }

  /** The members of an inner map of any names, each 32 bytes. */
  hashesByName(name: string): [name: string, hash: Uint8Array][] {
    const value = this.value(name);
    if (!isMap(value)) throw this.#refuse(name);
    return Object.entries(value).map(([inner, hash]) => {
      if (!isBytes(hash, 32)) throw this.#refuse(name);
      return [inner, hash];
    });
  }
}
