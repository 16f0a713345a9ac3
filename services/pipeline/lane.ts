import type { Clock, Random } from './clock.ts';
import { FatalError, RetriableError, type TrimmedError } from './errors.ts';
import type { Signals } from './events.ts';
import type { LogLookup, PartitionInput } from './ports/log.ts';
import { type CrashOwner, type Position, type Positions, samePosition } from './ports/positions.ts';
import { withRetry } from './retry.ts';
import { type Care, care, poisonPlace } from './rules/poison.ts';
import type { Rules } from './rules/rules.ts';

/** How often a lane looks up from its records. Milliseconds. */
export interface Pace {
  /** Longest wait for input. */
  readonly idleMs: number;
  /** Row against memory, when idle. */
  readonly compareMs: number;
  /** My mark against upstream's. */
  readonly checkMs: number;
}

export const PACE: Pace = { idleMs: 500, compareMs: 5_000, checkMs: 10_000 };

/** What every lane asks of the rows. */
export type LanePositions = Pick<Positions, 'load' | 'repair' | 'crashes' | 'parked' | 'countCrash'>;

/** The edges of every lane. */
export interface LaneEdges {
  readonly positions: LanePositions;
  readonly lookup: LogLookup;
  readonly clock: Clock;
  readonly random: Random;
  readonly signals: Signals;
  readonly rules: Rules;
  readonly pace?: Pace;
}

/** Which row a lane keeps. An exporter's is kept by its sink. */
export interface RowOwner {
  /** For `crashes`. */
  readonly stage: CrashOwner;
  /** Full name of `received`, whose offsets the mark counts. */
  readonly received: string;
  load(partition: number): Promise<Position>;
}

/** What the loops of stages and readers share: one partition's row, retries, and the way around poison. */
export interface Lane {
  readonly partition: number;
  retry<T>(operation: string, attempt: () => Promise<T>): Promise<T>;
  /** Loads the row, refuses one that cannot belong to this log. */
  load(): Promise<Position>;
  /** Waits while the place is poisoned. @returns null when the row moved meanwhile */
  care(row: Position): Promise<Exclude<Care, 'pause'> | null>;
  /** Retention has passed the row's place: tells it and waits until an operator has moved the row. */
  trimmed(row: Position, error: TrimmedError): Promise<void>;
  /**
   * A bug at this place: counts it. The caller rethrows and the process exits.
   * @param alone the first record accepted from the row was the only one in hand. Several instances may crash over one and the same
   *   flush of many; only the first of those counts, so that a place pauses for the very record that stands there
   */
  crashed(row: Position, alone: boolean, error: unknown): Promise<void>;
}

export function openLane(owner: RowOwner, edges: LaneEdges, input: PartitionInput): Lane {
  const { positions, lookup, clock, random, signals } = edges;
  const { partition } = input;
  const pace = edges.pace ?? PACE;
  const stage = owner.stage;

  const retry = <T>(operation: string, attempt: () => Promise<T>): Promise<T> =>
    withRetry(
      {
        clock,
        random,
        signal: input.revoked,
        onRetry: (kind, n, error) => signals.emit('retry', { partition, kind, attempt: n, error }),
      },
      operation,
      attempt,
    );

  return {
    partition,
    retry,
    async load() {
      const row = await retry('load', () => owner.load(partition));
      if (row.mark >= 0) {
        const end = await retry('end', () => lookup.endOffset(owner.received, partition));
        if (row.mark >= end) {
          throw new FatalError(
            'mark_beyond_end',
            `Partition ${partition} has been read up to ${row.mark}, but ${owner.received} ends at ${end}: this is not the log that the row belongs to.`,
          );
        }
      }
      signals.gauge('next', partition, row.next);
      signals.gauge('mark', partition, row.mark);
      return row;
    },
    async care(row) {
      let told = false;
      for (;;) {
        const n = await retry('crashes', () => positions.crashes(stage, partition, poisonPlace(row)));
        const parked = n > 0 && (await retry('parked', () => positions.parked(stage, partition, poisonPlace(row))));
        const how = care(n, parked);
        if (how !== 'pause') return how;
        if (!told) signals.emit('crash-loop', { partition, origin: poisonPlace(row), crashes: n });
        told = true;
        await clock.sleep(pace.compareMs, input.revoked);
        if (!samePosition(await retry('load', () => owner.load(partition)), row)) return null;
      }
    },
    async trimmed(row, error) {
      signals.emit('trimmed', { partition, next: row.next, mark: row.mark, error });
      do await clock.sleep(pace.compareMs, input.revoked);
      while (samePosition(await retry('load', () => owner.load(partition)), row));
    },
    async crashed(row, alone, error) {
      signals.emit('crash', { partition, origin: poisonPlace(row), error });
      try {
        if (!alone && (await positions.crashes(stage, partition, poisonPlace(row))) > 0) return;
        await positions.countCrash(stage, partition, poisonPlace(row));
      } catch (uncounted) {
        // The process exits with the bug either way; a crash that could not be counted is one more attempt.
        if (!(uncounted instanceof RetriableError)) throw uncounted;
        signals.emit('retry', { partition, kind: 'countCrash', error: uncounted });
      }
    },
  };
}
