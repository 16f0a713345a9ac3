/** Lets those that wait go on in order, and the event loop come round between them. */
export interface Turns {
  /** Resolves when the turn of who calls has come: at the end of this turn of the event loop, if nobody waits. */
  next(): Promise<void>;
}

/**
 * libuv takes one new connection for each turn of the event loop. Where everything that has arrived is worked off within one turn, it lasts as long as all
 * that work does, and under load new clients wait for most of a minute before anyone sees them. Here no turn works much longer than a slice.
 * @param now milliseconds, monotonic
 * @param sliceMs what those that go on may take of one turn; whoever has begun comes to its next wait for something else
 */
export function createTurns(now: () => number, sliceMs: number): Turns {
  let queue: (() => void)[] = [];
  let head = 0;
  let until = 0;

  const begin = () => {
    until = now() + sliceMs;
    step();
  };

  function step(): void {
    queue[head++]?.();
    if (head === queue.length) {
      queue = [];
      head = 0;
    } else {
      // A tick that is asked for in a microtask comes when all microtasks are through, and so what has gone on has done what it can.
      queueMicrotask(() => process.nextTick(proceed));
    }
  }

  function proceed(): void {
    if (now() < until) step();
    else {
      queue = queue.slice(head);
      head = 0;
      setImmediate(begin);
    }
  }

  return {
    next: () =>
      new Promise((resolve) => {
        queue.push(resolve);
        if (queue.length === 1) setImmediate(begin);
      }),
  };
}
