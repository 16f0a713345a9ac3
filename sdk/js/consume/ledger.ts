import type { LogPosition } from './pinned-log.ts';

/** What of one batch is out, and whether more of it is to come. */
export interface LedgerEntry {
  /** One more of its events is with the caller. */
  give(): void;
  /** The caller is through with the event of this number, and with those before it. */
  finish(index: number): void;
  /** No more of it will be given. */
  close(): void;
}

interface Entry {
  left: number;
  isClosed: boolean;
  /** Number of the last event that is done. */
  done: number | null;
  readonly origin: number;
  readonly behind: LogPosition;
}

/** How far a caller is through with one partition: behind everything in front of which nothing is out. Pure. */
export class Ledger {
  readonly #entries: Entry[] = [];
  #settled: LogPosition;

  /** @param from where the partition was when it came */
  constructor(from: LogPosition) {
    this.#settled = from;
  }

  /** Opens the next batch. @param behind where the partition stands that is through with it */
  open(origin: number, behind: LogPosition): LedgerEntry {
    const entry: Entry = { left: 0, isClosed: false, done: null, origin, behind };
    this.#entries.push(entry);
    return {
      give: () => {
        entry.left += 1;
      },
      finish: (index) => {
        entry.left -= 1;
        entry.done = index;
        this.#settle();
      },
      close: () => {
        entry.isClosed = true;
        this.#settle();
      },
    };
  }

  /** A stretch without any more batches is read: the partition stands behind it when what is before is done. */
  pass(behind: LogPosition): void {
    this.open(-1, behind).close();
  }

  get finished(): LogPosition {
    const [first] = this.#entries;
    if (!first || first.done === null) return this.#settled;
    const { next, mark } = this.#settled;
    return { next, mark, within: { origin: first.origin, index: first.done } };
  }

  #settle(): void {
    for (let first = this.#entries[0]; first?.isClosed && first.left === 0; first = this.#entries[0]) {
      this.#settled = first.behind;
      this.#entries.shift();
    }
  }
}
