import type { SeenRow } from '../../services/pipeline/define-sink.ts';
import type { ExportView } from '../../services/pipeline/exports/view.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import type { Declared, World } from './world.ts';

/** One export, and what goes wrong with its target. */
export interface Trouble {
  readonly name: string;
  readonly declared: Declared;
  begin(): Promise<void>;
  end(): Promise<void>;
  /** What its status must say meanwhile, in words. */
  readonly words: RegExp;
  /** What its target shows. */
  rows(): Promise<readonly SeenRow[]>;
  close(): Promise<void>;
}

/** Times of a run: real ones, or short ones. */
export interface Times {
  /** Every trouble lasts so long at least. Milliseconds. */
  readonly lastsMs: number;
  /** What a target says in `Retry-After`. Seconds. */
  readonly retryAfter: number;
  /** After so long a sink gives up waiting for its target; null: as it comes. Milliseconds. */
  readonly patienceMs: number | null;
}

export type MakeTrouble = (world: World, times: Times) => Promise<Trouble>;

/** All that somebody reads who asks how an export is. */
export const wordsOf = ({ lastError, partitions, notes }: ExportView): string =>
  [lastError, ...partitions.map((one) => one.lastError), ...notes]
    .flatMap((one) => (one ? [`${one.code}: ${one.message}`] : []))
    .join('\n');

/** Ids of events, sorted: of each one row. */
export const idsOf = (rows: readonly Pick<ExportRow, 'eventId'>[]): string[] =>
  rows.map(({ eventId }) => eventId).sort();
