const SHOWN = '[secret]';

/** Secret bytes that work like any `Uint8Array` and print as `[secret]` in logs, JSON and `inspect`. */
export class SecretBytes extends Uint8Array {
  /** Copies `bytes`. */
  static of32(bytes: Uint8Array): SecretBytes {
    if (bytes.length !== 32) throw new RangeError(`a secret of ${bytes.length} bytes, not 32`);
    // A buffer of its own: what lies in the engine's heap is copied by the garbage collector.
    const secret = new SecretBytes(new ArrayBuffer(32));
    secret.set(bytes);
    return secret;
  }

  /** Parts and copies are plain arrays in the way of `Uint8Array`; they stay redacted too. */
  static get [Symbol.species]() {
    return SecretBytes;
  }

  toJSON(): string {
    return SHOWN;
  }

  override toString(): string {
    return SHOWN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return SHOWN;
  }
}

/** The bytes as a secret; where they stood is overwritten, also when they are refused. */
export function takeSecret(bytes: Uint8Array): SecretBytes {
  try {
    return SecretBytes.of32(bytes);
  } finally {
    bytes.fill(0);
  }
}
