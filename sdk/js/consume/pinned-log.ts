/** The topic `pinned` as a consumer sees it. `kafkaLog` of `sdk/js/kafka` is its real end. */

/** How far a partition was read: the next offset of `pinned`, and the last offset of `received` that counted. The one means nothing without the other. */
export interface LogPosition {
  readonly next: number;
  readonly mark: number;
  /** The next batch, where a part of it is done: its events up to this number. */
  readonly within?: { readonly origin: number; readonly index: number };
}

/** A batch as it stands in the log, once, in the order in which it was accepted. */
export interface LoggedBatch {
  /** Offset in `received`. */
  readonly origin: number;
  readonly batchId: Uint8Array;
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly rootVersion: number;
  readonly epoch: number;
  /** Types of its events. */
  readonly types: readonly string[];
  /** Of each event, scope → envelope. */
  readonly events: readonly Readonly<Record<string, Uint8Array>>[];
  /** Where the partition stands that is through with it. */
  readonly behind: LogPosition;
}

/** A partition, from when this member gets it until it loses it. */
export interface LogLane {
  readonly partition: number;
  readonly revoked: AbortSignal;
}

/** What was read of a partition, voids and what does not count left out. */
export interface Stretch {
  readonly batches: readonly LoggedBatch[];
  /** Where the partition stood before. */
  readonly from: LogPosition;
  /** Where the partition stands that is through with all of it. */
  readonly to: LogPosition;
}

/** Membership in a consumer group. */
export interface LogMember {
  /**
   * Joins, and hands over what is read, partition by partition and each in its order.
   * @param take resolves when the next stretch of that partition may come; rejects with the reason of `revoked` once the partition is lost
   * @returns when it was closed; rejects with whatever `take` threw, or with what ended the membership
   */
  run(take: (lane: LogLane, stretch: Stretch) => Promise<void>): Promise<void>;
  /** Keeps how far partitions are, in the group. @throws when that is not known to be kept */
  commit(positions: ReadonlyMap<number, LogPosition>): Promise<void>;
  /** Leaves the group. */
  close(): Promise<void>;
}

/** Where a partition begins of which the group keeps nothing. A number: the first record since then, milliseconds since the epoch. */
export type LogStart = 'beginning' | 'now' | number;

export interface JoinOptions {
  readonly group: string;
  readonly from: LogStart;
  /** What `GET /v1/positions` answers: how far each stage of the deployment is. */
  readonly positions: () => Promise<DeploymentPositions>;
  /** Called when the group is about to share out its partitions anew: what is committed now need not come again. */
  readonly onRebalance: () => void;
  /** Told what fails for now and is tried again, and what an operator should see. */
  readonly onTrouble: (trouble: { readonly code: string; readonly message: string; readonly error?: unknown }) => void;
}

/** As `GET /v1/positions` says it. */
export interface DeploymentPositions {
  readonly partitions: readonly {
    readonly partition: number;
    readonly stages: Readonly<Record<'encryptor' | 'pinner' | 'indexer', LogPosition>>;
    readonly checkpoints: readonly LogPosition[];
  }[];
}

export interface PinnedLog {
  /** @throws with a stable `code` for a group that is used for something else, or of another log */
  join(options: JoinOptions): Promise<LogMember>;
}
