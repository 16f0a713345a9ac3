/** The log (Kafka) as the corridor sees it. Topic names here are full names, prefix included. Offsets are safe integers. */

export interface OutgoingRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LogRecord extends OutgoingRecord {
  readonly offset: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LogWriter {
  /**
   * Appends records to one partition in one request, acks=all.
   * @returns the offset of the first record; the others follow without a gap.
   * @throws RetriableError unless the answer lists the partition with an offset of at least 0.
   */
  send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<number>;
  close(): Promise<void>;
}

/** One partition of the input while this instance holds it. */
export interface PartitionInput {
  readonly partition: number;
  /** Aborted when the partition is taken away or the consumer stops. */
  readonly revoked: AbortSignal;
  /** The next `poll` starts at this offset; whatever was buffered is dropped. */
  seek(offset: number): void;
  /** Records in offset order, as many as are ready up to the limits; empty after `waitMs` without any. Rejects with the abort reason when revoked. */
  poll(limits: { maxRecords: number; maxBytes: number; waitMs: number }): Promise<LogRecord[]>;
  /** The offset that the next record of this partition will get (read from the broker, not from a cache). */
  endOffset(): Promise<number>;
  /** Tells Kafka how far the row is; used only to show lag, so failures are logged and forgotten. */
  showProgress(next: number): void;
}

/** Membership in a consumer group. */
export interface LogConsumer {
  /** Calls `serve` for each partition as it is assigned; `serve` returns when the partition is revoked. Rejects when `serve` rejects. */
  run(serve: (input: PartitionInput) => Promise<void>): Promise<void>;
  /** Leaves the group: revokes every partition, awaits every `serve`, disconnects. */
  stop(): Promise<void>;
}

/** How far a group is in a partition, as it keeps it. */
export interface KeptOffset {
  readonly next: number;
  /** What its members keep beside it; empty where another hand committed without. */
  readonly note: string;
}

/** A member of a group whose offsets in Kafka are the truth, for consumers that have no database. */
export interface GroupConsumer extends LogConsumer {
  /** What the group keeps, by partition; a partition of which it keeps nothing is absent. @throws RetriableError */
  kept(): Promise<ReadonlyMap<number, KeptOffset>>;
  /** Through the membership, so that one that has ended is refused. Resolves once Kafka has it. @throws RetriableError */
  keep(offsets: ReadonlyMap<number, KeptOffset>): Promise<void>;
}

/** Consumer groups, by their full names. */
export interface ConsumerGroups {
  /** How many members it has now; 0 also for one that never was. A member that was killed counts until its session ends. */
  members(group: string): Promise<number>;
  /** What it was told last of a partition (`PartitionInput.showProgress`): the next offset; null where it was told nothing. */
  progress(group: string, topic: string, partition: number): Promise<number | null>;
  /** Forgets it. @returns false, with nothing changed, while it has members */
  remove(group: string): Promise<boolean>;
}

/** Reads a partition from an offset on, without joining a group. */
export interface LogHistory {
  /**
   * Every record from `offset` to where the partition ended when it was asked for.
   * @throws RetriableError when the broker cannot be reached; FatalError `offset_out_of_range` when retention has passed it
   */
  readFrom(topic: string, partition: number, offset: number): AsyncIterable<LogRecord>;
}

/** Reads single records by offset (dead letters, tests, repair tools). */
export interface LogLookup {
  /** @throws RetriableError when the broker cannot be reached; FatalError `offset_out_of_range` when retention has passed it. */
  readAt(topic: string, partition: number, offset: number): Promise<LogRecord>;
  endOffset(topic: string, partition: number): Promise<number>;
  close(): Promise<void>;
}

/** Where in a partition is what. Times are the broker's, of when a record was appended, in milliseconds since the epoch. */
export interface LogPlaces {
  /** Offset of the first record that is kept. */
  firstOffset(topic: string, partition: number): Promise<number>;
  /** Offset of the first record appended at this time or later; the end of the partition where there is none. */
  offsetAt(topic: string, partition: number, time: number): Promise<number>;
  /** When the record was appended; null where retention has passed it, or it is still to come. */
  appendedAt(topic: string, partition: number, offset: number): Promise<number | null>;
}
