/** What one process has counted of an app since it last said so. */
export interface Counted {
  /** 32-byte public key. */
  readonly app: Uint8Array;
  /** Begin of the period, milliseconds since the epoch. */
  readonly period: number;
  /** Events; 0 only asks. */
  readonly operations: number;
}

/** Operations of each app in each period, of all processes together. */
export interface Usage {
  /** Adds, one statement for all of them. @returns the totals after it, in order; no two may be of the same app and period */
  add(counted: readonly Counted[]): Promise<number[]>;
  /** Forgets periods that began before. */
  forget(before: number): Promise<void>;
}
