/** An erasure as the rooms apply it. */
export interface Erasure {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  /** Milliseconds since the epoch, of the signed request. */
  readonly issuedAt: number;
  /** First `received` offset that the erasure does not reach; null = infinite (not known yet). */
  readonly fence: number | null;
  /** Root versions whose wrapped root was overwritten. */
  readonly rootVersions: readonly number[];
}

/** An erasure by the id of its signed request, 16 bytes. */
export interface NamedErasure extends Erasure {
  readonly id: Uint8Array;
}

/** The table `removals` as exports read it. */
export interface Erasures {
  /** Every erasure there ever was. */
  all(): Promise<NamedErasure[]>;
  /** Those that are not completed, or wait for an export. */
  open(): Promise<NamedErasure[]>;
  /** All of these owners. */
  of(owners: readonly Pick<Erasure, 'app' | 'wallet'>[]): Promise<NamedErasure[]>;
}
