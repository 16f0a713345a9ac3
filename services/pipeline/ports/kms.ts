/** A key-encryption key. Its bytes do not show themselves when printed. */
export interface Kek {
  /** From 1. */
  readonly version: number;
  /** 32 secret bytes. */
  readonly key: Uint8Array;
}

/** The key-encryption keys of a deployment. New roots are wrapped with the current one, old ones open with theirs. */
export interface Keks {
  /** The highest version; at most a second behind what another process has made. */
  current(): Promise<Kek>;
  /** @throws FatalError `kek_missing` when there is no key of this version. */
  version(version: number): Promise<Kek>;
}

/**
 * A key management service. A cloud's would fetch or decrypt each version once and keep it: the service wraps thousands of roots a
 * second, which no remote call per root could carry.
 */
export interface Kms extends Keks {
  /** Whether versions can be made and destroyed from here: tried, not guessed. */
  changeable(): Promise<boolean>;
  /** Versions that exist, ascending. */
  versions(): Promise<number[]>;
  /** Makes the next version, which is the current one from then on. @returns it @throws FatalError `kms_read_only` */
  create(): Promise<number>;
  /** Destroys a version for good; one that is not there is destroyed. @throws FatalError `kms_read_only`, `kek_current` for the current one */
  destroy(version: number): Promise<void>;
}
