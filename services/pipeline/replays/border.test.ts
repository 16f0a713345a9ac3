import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Position } from '../ports/positions.ts';
import { readVerdict } from '../rules/read.ts';
import { ALL_RULES } from '../rules/rules.ts';
import { nextSource } from './border.ts';

const pair = (next: number, mark = next - 1): Position => ({ next, mark });

describe('where a replay reads next', () => {
  test('Kafka from the start, while it holds that', () => {
    expect(nextSource(pair(0), 0, [pair(9)])).toEqual({ kind: 'log', from: pair(0) });
  });

  test('the index up to the first place that the indexer had and Kafka still holds', () => {
    const pairs = [pair(10), pair(20), pair(30)];
    expect(nextSource(pair(0), 15, pairs)).toEqual({ kind: 'index', upTo: 19 });
    expect(nextSource(pair(0, 12), 15, pairs)).toEqual({ kind: 'index', upTo: 19 });
    expect(nextSource(pair(0, 19), 15, pairs)).toEqual({ kind: 'log', from: pair(20) });
  });

  test('its own place in Kafka, as long as it is retained', () => {
    expect(nextSource(pair(17), 15, [pair(10), pair(20)])).toEqual({ kind: 'log', from: pair(17) });
    expect(nextSource(pair(14), 15, [pair(10), pair(20)])).toEqual({ kind: 'index', upTo: 19 });
  });

  test('of several places with one mark the last: what stands between was judged and not accepted', () => {
    expect(nextSource(pair(0, 19), 15, [pair(20), pair(25, 19)])).toEqual({ kind: 'log', from: pair(25, 19) });
  });

  test('nowhere while Kafka has let go of what the indexer has not read', () => {
    expect(nextSource(pair(0, 19), 50, [pair(20)])).toEqual({ kind: 'nowhere' });
    expect(nextSource(pair(0, 9), 50, [pair(20)])).toEqual({ kind: 'index', upTo: 19 });
  });
});

/** One partition of `pinned` as failures leave it: origins in order, but lost ones, and after a repair all from there again. */
const history = fc
  .array(fc.record({ emitted: fc.integer({ min: 1, max: 6 }), lost: fc.integer({ min: 0, max: 2 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((rounds) => {
    const log: { readonly origin: number; readonly copy: number }[] = [];
    let next = 0;
    rounds.forEach(({ emitted, lost }, copy) => {
      for (let i = 0; i < emitted; i += 1) log.push({ origin: next + i, copy });
      // What comes after a loss is discarded by every reader, until the repair emits it again.
      if (lost > 0) for (let i = 0; i < emitted; i += 1) log.push({ origin: next + emitted + lost + i, copy });
      next += emitted;
    });
    return log;
  });

/** What a reader of the whole log accepts, and each pair that it had on its way. */
function live(log: readonly { readonly origin: number; readonly copy: number }[]) {
  const accepted: string[] = [];
  const pairs: Position[] = [];
  let mark = -1;
  log.forEach(({ origin, copy }, offset) => {
    if (readVerdict(origin, mark, ALL_RULES) === 'accept') {
      mark = origin;
      accepted.push(`${origin}/${copy}`);
    }
    pairs.push({ next: offset + 1, mark });
  });
  return { accepted, pairs };
}

test('whatever retention does meanwhile and wherever checkpoints are: each record that counted, once, in order', () => {
  fc.assert(
    fc.property(
      history,
      fc.array(fc.nat(60), { maxLength: 6 }),
      fc.array(fc.record({ trim: fc.nat(60), stretch: fc.integer({ min: 1, max: 7 }) }), {
        minLength: 1,
        maxLength: 30,
      }),
      (log, kept, steps) => {
        const { accepted, pairs } = live(log);
        const row = pairs.at(-1) as Position;
        const checkpoints = [...new Set(kept.map((n) => n % pairs.length))].map((n) => pairs[n] as Position);
        const known = [...checkpoints, row];
        const got: string[] = [];
        let at: Position = { next: 0, mark: -1 };
        let first = 0;
        let step = 0;
        // A step that says nothing more lets the rest be read.
        while (at.mark < row.mark) {
          const { trim, stretch } = steps[step++] ?? { trim: 0, stretch: 1_000 };
          first = Math.min(log.length, Math.max(first, trim % (log.length + 1)));
          const source = nextSource(at, first, known);
          if (source.kind === 'nowhere') throw new Error('the index holds everything here');
          if (source.kind === 'index') {
            const mark = Math.min(source.upTo, at.mark + stretch);
            got.push(...accepted.slice(at.mark + 1, mark + 1));
            at = { next: at.next, mark };
          } else {
            expect(source.from.next).toBeGreaterThanOrEqual(first);
            let { next, mark } = source.from;
            for (let left = stretch; left > 0 && next < log.length; next += 1) {
              const { origin, copy } = log[next] as { origin: number; copy: number };
              if (readVerdict(origin, mark, ALL_RULES) !== 'accept') continue;
              mark = origin;
              left -= 1;
              got.push(`${origin}/${copy}`);
              at = { next: next + 1, mark };
            }
          }
        }
        expect(got).toEqual(accepted);
      },
    ),
    { numRuns: 300 },
  );
});

test('control: entering the log anywhere takes records that no reader had counted', () => {
  // Origin 1 was lost at first, so the first copy of 2 was discarded; behind it everything came again.
  const log = [
    { origin: 0, copy: 0 },
    { origin: 2, copy: 0 },
    { origin: 1, copy: 1 },
    { origin: 2, copy: 1 },
  ];
  const { accepted } = live(log);
  const anywhere = log.slice(1).filter(({ origin }) => origin > 1);
  expect(accepted).toEqual(['0/0', '1/1', '2/1']);
  expect(anywhere[0]).toEqual({ origin: 2, copy: 0 });
});
