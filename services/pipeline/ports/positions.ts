/** `positions(stage, partition, log, next, mark)`: how far a stage is. Both numbers are the truth, Kafka's committed offsets are not. */

export type Stage = 'encryptor' | 'pinner' | 'indexer' | 'settler';

/** Whose crashes are counted: a stage's, or those of the export of this name, whose row its sink keeps. */
export type CrashOwner = Stage | `export-${string}`;

export interface Position {
  /** Next input offset to read. */
  readonly next: number;
  /** Last `received` offset whose output is acknowledged (stages) or whose effect is applied (readers). */
  readonly mark: number;
}

export const START: Position = { next: 0, mark: -1 };

export const samePosition = (a: Position, b: Position): boolean => a.next === b.next && a.mark === b.mark;

export interface Positions {
  /** Creates the row at (0, -1) when there is none. @throws FatalError `another_log` when the row belongs to another log. */
  load(stage: Stage, partition: number): Promise<Position>;
  /** Moves the row only if it still is `from`. @returns whether it moved. */
  compareAndSet(stage: Stage, partition: number, from: Position, to: Position): Promise<boolean>;
  /** The repair statement of the rules: lowers `upstream`'s mark to `mark` where it is higher. @returns whether a row changed. */
  repair(upstream: 'encryptor' | 'pinner', partition: number, mark: number): Promise<boolean>;
  /**
   * `crashes(stage, partition, place, n)`: counts a crash at this place, named by the origin of the record that is accepted next.
   * @returns n, starting again when the place moves
   */
  countCrash(owner: CrashOwner, partition: number, place: number): Promise<number>;
  /** Crashes counted at this place so far. */
  crashes(owner: CrashOwner, partition: number, place: number): Promise<number>;
  /** The place whose crashes are being counted; null where there are none. */
  crashPlace(owner: CrashOwner, partition: number): Promise<number | null>;
  /** Starts the count of this place again: an operator has mended what crashed there, and a paused partition goes on. */
  forgetCrashes(owner: CrashOwner, partition: number, place: number): Promise<void>;
  /** Voids the record of origin `place` by an operator's order (`ddc dlq park`); the stage asks before that record. */
  park(stage: 'encryptor' | 'pinner', partition: number, place: number): Promise<void>;
  parked(owner: CrashOwner, partition: number, place: number): Promise<boolean>;
}
