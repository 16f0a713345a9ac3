import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Ledger } from './ledger.ts';

const at = (next: number) => ({ next, mark: next - 1 });

test('a batch counts when all of it was given and is done, and until then the part that is', () => {
  const ledger = new Ledger(at(0));
  const [first, second] = [ledger.open(10, at(1)), ledger.open(11, at(2))];
  first.give();
  first.give();
  expect(ledger.finished).toEqual(at(0));
  first.finish(3);
  expect(ledger.finished).toEqual({ ...at(0), within: { origin: 10, index: 3 } });
  first.close();
  first.finish(7);
  expect(ledger.finished).toEqual(at(1));
  second.give();
  second.finish(0);
  expect(ledger.finished).toEqual({ ...at(1), within: { origin: 11, index: 0 } });
  second.close();
  expect(ledger.finished).toEqual(at(2));
});

test('a stretch without any event counts at once, and behind what is out not yet', () => {
  const ledger = new Ledger({ ...at(3), within: { origin: 4, index: 1 } });
  // What was done of a batch before stays done while nothing more of it is.
  expect(ledger.finished).toEqual({ ...at(3), within: { origin: 4, index: 1 } });
  const batch = ledger.open(4, at(6));
  batch.give();
  batch.close();
  ledger.pass(at(9));
  expect(ledger.finished).toEqual({ ...at(3), within: { origin: 4, index: 1 } });
  batch.finish(2);
  expect(ledger.finished).toEqual(at(9));
});

test('however many are given and done, one after the other: what is told is behind all that is done, and in front of all that is not', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 8 }), fc.nat(24), (counts, done) => {
      const ledger = new Ledger(at(0));
      const events = counts.flatMap((count, i) => {
        const entry = ledger.open(i, at(i + 1));
        for (let n = 0; n < count; n += 1) entry.give();
        entry.close();
        return Array.from({ length: count }, (_, index) => ({ entry, index, batch: i }));
      });
      for (const { entry, index } of events.slice(0, done)) entry.finish(index);
      const next = events[done];
      const whole = next ? next.batch : counts.length;
      const within = next && next.index > 0 ? { within: { origin: next.batch, index: next.index - 1 } } : {};
      expect(ledger.finished).toEqual({ ...at(whole), ...within });
    }),
  );
});
