import { RetriableError } from '../pipeline/errors.ts';
import type { ExportNote, Exports, ExportTrouble, StatusChange } from '../pipeline/ports/exports.ts';
import { type Position, samePosition } from '../pipeline/ports/positions.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { around } from './around.ts';

/** That a partition is still held is said again after so long. Milliseconds. */
const AGAIN_MS = 10_000;
/** Of an error, so much is kept. */
const LONGEST = 1_000;

const cut = (message: string): string => (message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message);

/** Stands for the process as a whole, where a partition is told. */
export const PROCESS = -1;

/** What an export says of itself, gathered, and written for all partitions in one statement. */
export class StatusBook {
  readonly #write: Pick<Exports, 'report' | 'note'>;
  readonly #id: number;
  readonly #now: () => number;
  readonly #pending = new Map<number, StatusChange>();
  readonly #said = new Map<number, { readonly position: Position; readonly at: number }>();
  /** Partitions of which a trouble was told and nothing good since; whether it is over as soon as the target tells a position. */
  readonly #troubled = new Map<number, boolean>();
  readonly #notes = new Map<ExportNote['code'], ExportNote>();

  constructor(write: Pick<Exports, 'report' | 'note'>, id: number, now: () => number) {
    this.#write = write;
    this.#id = id;
    this.#now = now;
  }

  /** The partition stands here; said again only when it moved, or after a while. */
  at(partition: number, position: Position): void {
    const last = this.#said.get(partition);
    const troubled = this.#troubled.get(partition);
    // What was told by a process before this one is over with it: what is not, is met again and told again.
    if (troubled || (troubled === undefined && !last)) {
      this.#troubled.delete(partition);
      this.#add({ partition, position, trouble: null });
    } else if (last && samePosition(last.position, position) && this.#now() - last.at < AGAIN_MS) return;
    else this.#add({ partition, position });
  }

  /** The sink took these rows, and the partition stands here. */
  delivered(partition: number, position: Position, rows: number): void {
    const over = this.#troubled.delete(partition) ? { trouble: null } : {};
    this.#add({ partition, position, rows, ...over });
  }

  /** The target has answered, and taken nothing: another member delivered. What was told is over as soon as it tells a position. */
  answered(partition: number): void {
    if (this.#troubled.has(partition)) this.#troubled.set(partition, true);
  }

  /**
   * @param partition `PROCESS`: of the process as a whole
   * @param passing over as soon as the target tells a position, and not only when it takes rows
   */
  failed(partition: number, trouble: Omit<ExportTrouble, 'at'>, passing = false): void {
    this.#troubled.set(partition, passing);
    this.#add({ partition, trouble: { code: trouble.code, message: cut(trouble.message), at: this.#now() } });
  }

  /** The process as a whole is well. */
  fine(): void {
    this.#troubled.delete(PROCESS);
    this.#add({ partition: PROCESS, trouble: null });
  }

  /** It happened once more, or so often, and keeps nothing from going on. */
  note(code: ExportNote['code'], message: string, count = 1): void {
    const before = this.#notes.get(code)?.count ?? 0;
    this.#notes.set(code, { code, message: cut(message), count: before + count, at: this.#now() });
  }

  /** Writes what was not written yet. @throws RetriableError while the database is away; what was to be written stays */
  async flush(): Promise<void> {
    await this.#flushNotes();
    if (this.#pending.size === 0) return;
    const changes = [...this.#pending.values()];
    this.#pending.clear();
    try {
      await this.#write.report(this.#id, changes, this.#now());
    } catch (error) {
      const later = [...this.#pending.values()];
      this.#pending.clear();
      for (const change of [...changes, ...later]) this.#add(change);
      throw error;
    }
  }

  /** The last word. A database that is away does not hold up the end of a process: the status stays as old as it is. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      if (!(error instanceof RetriableError)) throw error;
    }
  }

  async #flushNotes(): Promise<void> {
    const notes = [...this.#notes.values()];
    this.#notes.clear();
    try {
      await this.#write.note(this.#id, notes);
    } catch (error) {
      const later = [...this.#notes.values()];
      this.#notes.clear();
      for (const one of notes) this.#notes.set(one.code, one);
      for (const { code, message, count } of later) this.note(code, message, count);
      throw error;
    }
  }

  #add(change: StatusChange): void {
    const { partition, position, rows = 0 } = change;
    const before = this.#pending.get(partition);
    this.#pending.set(partition, { ...before, ...change, rows: (before?.rows ?? 0) + rows });
    if (position) this.#said.set(partition, { position, at: this.#now() });
  }
}

/** The stable code of an error that has one. */
export function codeOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}

/** A sink that keeps the book. */
export const booked = (
  sink: Sink,
  book: Pick<StatusBook, 'answered' | 'at' | 'delivered' | 'failed' | 'fine' | 'flush'>,
): Sink =>
  around(sink, {
    async check() {
      try {
        await sink.check();
        book.fine();
      } catch (error) {
        // The process may end with it: what is not written now is not written.
        book.failed(PROCESS, {
          code: codeOf(error) ?? 'check',
          message: error instanceof Error ? error.message : String(error),
        });
        await book.flush();
        throw error;
      }
    },
    async position(partition) {
      const position = await sink.position(partition);
      book.at(partition, position);
      return position;
    },
    async put(rows, delivery, keep) {
      let kept = rows.length;
      const counted =
        keep &&
        (async (all: Parameters<typeof keep>[0]) => {
          const left = await keep(all);
          kept = left.length;
          return left;
        });
      const moved = await sink.put(rows, delivery, counted);
      if (moved) book.delivered(delivery.partition, delivery.to, kept);
      else book.answered(delivery.partition);
      return moved;
    },
  });
