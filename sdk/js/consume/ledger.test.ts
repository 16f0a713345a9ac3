import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Ledger } from './ledger.ts';

const at = (next: number) => ({ next, mark: next - 1 });

test('a batch counts when all of it was given and is done, and never before one in front of it', () => {
  const ledger = new Ledger();
  const [first, second] = [ledger.open(at(1)), ledger.open(at(2))];
  first.give();
  first.give();
  second.give();
  second.close();
  second.finish();
  first.finish();
  first.close();
  expect(ledger.finished).toBeNull();
  first.finish();
  expect(ledger.finished).toEqual(at(2));
});

test('a stretch without any event counts at once, and behind what is out not yet', () => {
  const ledger = new Ledger();
  ledger.open(at(5)).close();
  expect(ledger.finished).toEqual(at(5));
  const batch = ledger.open(at(6));
  batch.give();
  batch.close();
  ledger.open(at(9)).close();
  expect(ledger.finished).toEqual(at(5));
  batch.finish();
  expect(ledger.finished).toEqual(at(9));
});

test('whatever is given and done in which order: what is told is behind everything done, and in front of everything out', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 8 }), fc.array(fc.nat(7)), (counts, order) => {
      const ledger = new Ledger();
      const left = counts.map((count) => count);
      const entries = counts.map((count, i) => {
        const entry = ledger.open(at(i + 1));
        for (let n = 0; n < count; n += 1) entry.give();
        entry.close();
        return entry;
      });
      for (const i of order) {
        if (!left[i]) continue;
        left[i] -= 1;
        entries[i]?.finish();
      }
      const out = left.findIndex((n) => n > 0);
      const through = out < 0 ? counts.length : out;
      expect(ledger.finished).toEqual(through === 0 ? null : at(through));
    }),
  );
});
