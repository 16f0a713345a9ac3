import type { LogPosition } from './pinned-log.ts';

/** What of one batch is out, and whether more of it is to come. */
export interface LedgerEntry {
  /** One more of its events is with the caller. */
  give(): void;
  /** The caller is through with one. */
  finish(): void;
  /** No more of it will be given. */
  close(): void;
}

interface Entry {
  left: number;
  isClosed: boolean;
  readonly behind: LogPosition;
}

/** How far a caller is through with one partition: behind everything in front of which nothing is out. Pure. */
export class Ledger {
  readonly #entries: Entry[] = [];
  #finished: LogPosition | null = null;

  /** Opens the next batch, or a stretch without any. @param behind where the partition stands that is through with it */
  open(behind: LogPosition): LedgerEntry {
    const entry: Entry = { left: 0, isClosed: false, behind };
    this.#entries.push(entry);
    return {
      give: () => {
        entry.left += 1;
      },
      finish: () => {
        entry.left -= 1;
        this.#settle();
      },
      close: () => {
        entry.isClosed = true;
        this.#settle();
      },
    };
  }

  /** null: nothing yet. */
  get finished(): LogPosition | null {
    return this.#finished;
  }

  #settle(): void {
    for (let first = this.#entries[0]; first?.isClosed && first.left === 0; first = this.#entries[0]) {
      this.#finished = first.behind;
      this.#entries.shift();
    }
  }
}
