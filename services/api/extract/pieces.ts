/** Characters of one string: below the 128 KiB from which on V8 makes strings far more slowly. */
const PIECE = 96 * 1024;
/** Strings that are written at once: every write costs timers and a wait for its reader, and a cursor. */
const MANY = 5;

/** Lines that wait to be written, in strings of about `PIECE`. */
export function createPieces() {
  let full: string[] = [];
  let last = '';
  return {
    add(line: string): void {
      last += line;
      if (last.length < PIECE) return;
      full.push(last);
      last = '';
    },
    /** So many that they are to be written. */
    get areMany(): boolean {
      return full.length >= MANY;
    },
    get isEmpty(): boolean {
      return full.length === 0 && last === '';
    },
    /** All of them, in order; from then on there are none. */
    take(): string[] {
      const all = last === '' ? full : [...full, last];
      full = [];
      last = '';
      return all;
    },
  };
}
