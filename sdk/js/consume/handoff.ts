/** The moment in which the one who takes waits for this one who has something. */
export interface Turn<T> {
  give(item: T): void;
  /** There is nothing after all: it is the next one's turn. */
  pass(): void;
}

interface Waiting<T> {
  readonly begin: (turn: Turn<T>) => void;
}

/** Where many who have something and one who takes it meet: nothing is looked at before it is asked for. */
export class Handoff<T> {
  readonly #waiting: Waiting<T>[] = [];
  #taker: ((item: T | null) => void) | null = null;
  #isReserved = false;
  #end: { readonly error: unknown } | null = null;

  /** Resolves when it is this one's turn, in the order of coming. @throws the reason of the signal when that is aborted first */
  turn(signal: AbortSignal): Promise<Turn<T>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const withdraw = () => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal.reason);
      };
      const waiting: Waiting<T> = {
        begin: (turn) => {
          signal.removeEventListener('abort', withdraw);
          resolve(turn);
        },
      };
      signal.addEventListener('abort', withdraw, { once: true });
      this.#waiting.push(waiting);
      this.#meet();
    });
  }

  /** The next one; null at the end. One taker at a time. @throws what it ended with */
  async take(): Promise<T | null> {
    if (!this.#end) {
      const item = await new Promise<T | null>((resolve) => {
        this.#taker = resolve;
        this.#isReserved = false;
        this.#meet();
      });
      if (item !== null) return item;
    }
    if (this.#end?.error !== undefined) throw this.#end.error;
    return null;
  }

  /** From now on nothing is taken. What ended it first counts. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#taker?.(null);
    this.#taker = null;
  }

  #meet(): void {
    if (!this.#taker || this.#isReserved || this.#end) return;
    const next = this.#waiting.shift();
    if (!next) return;
    const taker = this.#taker;
    const isMine = () => this.#taker === taker;
    this.#isReserved = true;
    next.begin({
      give: (item) => {
        if (!isMine()) return;
        this.#taker = null;
        taker(item);
      },
      pass: () => {
        if (!isMine()) return;
        this.#isReserved = false;
        this.#meet();
      },
    });
  }
}
