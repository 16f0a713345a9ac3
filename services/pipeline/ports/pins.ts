import type { CID } from 'multiformats/cid';

/** One manifest that the pinner pinned, and which origins may live under it. */
export interface Pin {
  readonly cluster: string;
  readonly root: CID;
  readonly partition: number;
  /** First and last `received` offset of the flush. */
  readonly first: number;
  readonly last: number;
}

/**
 * What was pinned, for compaction and the reconciler. Written before the node is asked, so that no pin is without a row;
 * a row without its pin, or a pin that no index row names, is a lawful leftover of a crash.
 */
export interface Pins {
  /** Idempotent by (cluster, root). */
  record(pins: readonly Pin[]): Promise<void>;
  /** Pins of one partition whose whole range is at or below `mark`, oldest first. */
  upTo(partition: number, mark: number): Promise<Pin[]>;
}
