const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const REDACTED = '[redacted]';

/** Secret bytes that do not show themselves in logs, JSON or `inspect`. */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  toJSON(): string {
    return REDACTED;
  }

  toString(): string {
    return REDACTED;
  }

  [INSPECT](): string {
    return `Secret ${REDACTED}`;
  }
}

/** A public key with its secret half, which does not show itself. */
export class KeyPair {
  readonly publicKey: Uint8Array;
  readonly #secretKey: Uint8Array;

  constructor(publicKey: Uint8Array, secretKey: Uint8Array) {
    this.publicKey = publicKey;
    this.#secretKey = secretKey;
  }

  get secretKey(): Uint8Array {
    return this.#secretKey;
  }

  toJSON(): { secretKey: string } {
    return { secretKey: REDACTED };
  }

  [INSPECT](): string {
    return `KeyPair ${REDACTED}`;
  }
}
