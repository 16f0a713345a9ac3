import type { Generation } from './generation.ts';
import type { MasterForm } from './master.ts';
import type { LegacyWarning } from './warnings.ts';

/** What one of the old generations held. */
export interface LegacyPlaintext {
  /** Which one opened it. */
  readonly generation: Generation;
  /** How the master was read. */
  readonly master: MasterForm;
  /** A JSON document, or data that is taken as it is. */
  readonly form: 'document' | 'raw';
  /** UTF-8 of compact JSON, or the raw bytes. A merged or rebuilt document went through `JSON.parse`. */
  readonly plaintext: Uint8Array;
  /** G1: the exact plaintext of each scope, in the order of the document. */
  readonly scopes?: ReadonlyMap<string, Uint8Array>;
  /** What was lost or cannot be told. */
  readonly warnings: readonly LegacyWarning[];
}

export type Opened = Omit<LegacyPlaintext, 'generation' | 'master'>;

/** Counts what opened, so that a wrong master can be told from a changed ciphertext. */
export class Attempt {
  opened = 0;

  /** Runs `open`, and counts it when it does not throw. */
  count<T>(open: () => T): T {
    const value = open();
    this.opened += 1;
    return value;
  }
}
