const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const REDACTED = '[redacted]';

/** Secret bytes that do not show themselves in logs, JSON or `inspect`. */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The bytes themselves, not a copy. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Shows nothing. */
  toJSON(): string {
    return REDACTED;
  }

  /** Shows nothing. */
  toString(): string {
    return REDACTED;
  }

  /** What Node's `inspect` and `console.log` show: nothing. */
  [INSPECT](): string {
    return `Secret ${REDACTED}`;
  }
}

/** A public key with its secret half, which does not show itself. */
export class KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #secretKey: Uint8Array;

  constructor(publicKey: Uint8Array, secretKey: Uint8Array) {
    this.publicKey = publicKey;
    this.#secretKey = secretKey;
  }

  /** 64 bytes of a signing key, 32 of an encryption key; not a copy. */
  get secretKey(): Uint8Array {
    return this.#secretKey;
  }

  /** Shows nothing. */
  toJSON(): { secretKey: string } {
    return { secretKey: REDACTED };
  }

  /** What Node's `inspect` and `console.log` show: nothing. */
  [INSPECT](): string {
    return `KeyPair ${REDACTED}`;
  }
}
