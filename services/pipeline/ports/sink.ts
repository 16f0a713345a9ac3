import type { Selecting } from '../rules/removal.ts';
import type { Position } from './positions.ts';
import type { Table, Value } from './table.ts';

/** One event as an export sees it: the columns that every row has, and those of its table, as far as the export may read them. */
export interface ExportRow {
  readonly app: string;
  readonly wallet: string;
  readonly batchId: string;
  readonly eventId: string;
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly session: string | null;
  readonly blob: string | null;
  readonly signer: 'wallet' | 'app';
  readonly source: string;
  readonly seq: number;
  /** Index of the event in its batch. */
  readonly slot: number;
  readonly origin: number;
  readonly partition: number;
  /** When the batch was signed, milliseconds since the epoch: a removal reaches what was signed until then. */
  readonly issuedAt: number;
  /** Whether the signature of its batch and the commitment of every scope that was opened were checked and hold. */
  readonly verified: boolean;
  readonly table: Table;
  /** Column name → value, for columns of `table` alone; what is absent is null. */
  readonly values: Readonly<Record<string, Value>>;
}

/** Where a delivery stands: stored by the sink together with the output, moved by compare-and-set. */
export interface Delivery {
  readonly partition: number;
  /** Where the rows start and where the reader is after them. */
  readonly from: Position;
  readonly to: Position;
  /** First and last origin covered. Output names carry them. */
  readonly first: number;
  readonly last: number;
}

/** Whose rows are to be deleted. */
export interface RowOwner {
  /** Lower-case hex, like the columns. */
  readonly app: string;
  readonly wallet: string;
  /** First origin that stays: the last fence of the owner's erasures. An erasure without a fence yet is no order. */
  readonly before: number;
  /** When the last of the owner's erasures was signed, milliseconds: tells a new order from an old one of a member that slept. */
  readonly issuedAt: number;
}

/** Rows of single events that are to be deleted. */
export interface RowSelection extends Selecting {
  /** Lower-case hex, like the columns. */
  readonly app: string;
  readonly wallet: string;
}

/** A row as it lies in a target, as far as erasures and removals ask, and what names it there. */
export type HeldRow = Pick<
  ExportRow,
  'app' | 'wallet' | 'batchId' | 'slot' | 'eventId' | 'time' | 'session' | 'issuedAt' | 'origin'
>;

/** Rows of one place of a target. */
export interface HeldRows {
  /** Name of their table. */
  readonly table: string;
  /** As whoever runs the target knows it: a file, an object, a partition of a topic, an index, an SQL table. */
  readonly place: string;
  /** No more than a few thousand. */
  readonly rows: readonly HeldRow[];
  /** Deleted for whoever reads as the target wants to be read, but not yet wiped from its disks, where who looks for it finds it. */
  readonly leaving?: boolean;
}

/** Leaves out of a delivery what may not be shown any more. */
export type KeepRows = (rows: readonly ExportRow[]) => Promise<readonly ExportRow[]>;

export interface Sink {
  /** At start: the target is reachable and writable. Every call throws RetriableError `sink_unavailable` while it is not. */
  check(): Promise<void>;
  /**
   * Resolves once durable; idempotent.
   * @param keep asked which rows may be shown, once the place that this delivery is to take is known and before it takes it: see `remove`
   * @returns false when the stored position is no longer `delivery.from` (another instance delivered)
   */
  put(rows: readonly ExportRow[], delivery: Delivery, keep?: KeepRows): Promise<boolean>;
  /** START when nothing was delivered yet. */
  position(partition: number): Promise<Position>;
  /**
   * Deletes the rows of these owners, each named once. Idempotent, also long after, when an owner has come back with later origins: what was
   * done costs nothing. Once it resolves, no member of the export can add rows before the fence, whatever it had in hand.
   * @returns how many rows each owner lost; what an earlier call deleted is not counted
   */
  erase(owners: readonly RowOwner[]): Promise<readonly number[]>;
  /**
   * Deletes the rows that were selected, of batches signed until then. Idempotent; to be called again when it failed. Every `put` that takes
   * its place after this was called asks its `keep` after that as well: once it resolves, no member of the export can add rows that `keep`
   * refuses since before the call, whatever it had in hand.
   * @returns how many rows each selection deleted, one that several select counted with the first; what an earlier call deleted is not counted
   */
  remove(selections: readonly RowSelection[]): Promise<readonly number[]>;
  /**
   * Reads back from the target what it holds, and shows every row that a reader finds at least once, also while members of the export deliver,
   * erase and merge. Changes nothing, needs no `check`, and may be called in a process of its own. A target that has nothing yet holds nothing.
   * Absent where a target cannot be read back.
   */
  held?(show: (some: HeldRows) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}
