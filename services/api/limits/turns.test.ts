import { describe, expect, test } from '@jest/globals';
import { createTurns, type Turns } from './turns.ts';

/** What goes on, in order, and every turn of the event loop that comes round meanwhile. */
async function watch(turns: Turns, works: number, work: (index: number) => Promise<void> | void): Promise<string> {
  const seen: string[] = [];
  let over = false;
  const round = () => {
    seen.push('|');
    if (!over) setImmediate(round);
  };
  const all = Array.from({ length: works }, async (_, index) => {
    await turns.next();
    await work(index);
    seen.push(String(index));
  });
  setImmediate(round);
  await Promise.all(all);
  over = true;
  return seen.join('').replace(/^\|+|\|+$/g, '');
}

describe('turns', () => {
  test('come in order, as many in one turn of the event loop as fit into the slice', async () => {
    let at = 0;
    const turns = createTurns(() => at, 3);
    const seen = await watch(turns, 10, () => {
      at += 1;
    });
    expect(seen).toBe('012|345|678|9');
  });

  test('one that takes longer than the slice is alone in its turn', async () => {
    let at = 0;
    const seen = await watch(
      createTurns(() => at, 3),
      3,
      () => {
        at += 5;
      },
    );
    expect(seen).toBe('0|1|2');
  });

  test('what goes on in microtasks counts for the slice it began in', async () => {
    let at = 0;
    const turns = createTurns(() => at, 2);
    const seen = await watch(turns, 4, async () => {
      for (let i = 0; i < 20; i++) await null;
      at += 2;
    });
    expect(seen).toBe('0|1|2|3');
  });

  test('go on when somebody comes while the last is at work, and after a pause', async () => {
    const turns = createTurns(() => 0, 1);
    const order: string[] = [];
    const inner = turns.next().then(async () => {
      order.push('first');
      await turns.next();
      order.push('second');
    });
    await inner;
    await new Promise(setImmediate);
    await turns.next();
    expect(order).toEqual(['first', 'second']);
  });
});
