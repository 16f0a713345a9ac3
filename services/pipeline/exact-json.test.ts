import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Digits, exactText, parseExact } from './exact-json.ts';

const integer = fc.bigInt().map(String);
const decimal = fc.tuple(fc.bigInt(), fc.stringMatching(/^\d{1,30}$/)).map(([whole, rest]) => `${whole}.${rest}`);

test('JSON of numbers of any size comes back as it was written', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(integer, decimal), { minLength: 1 }), (numbers) => {
      const text = `{"a":[${numbers.join()}]}`;
      const { a } = parseExact(text) as { a: unknown[] };
      for (const [i, value] of a.entries()) {
        const written = numbers[i] as string;
        if (value instanceof Digits) expect(value.text).toBe(written);
        // A double that prints the same number lost nothing.
        else expect(Number(value)).toBe(Number(written));
      }
      const again = parseExact(exactText(parseExact(text)));
      expect(again).toEqual(parseExact(text));
    }),
  );
});

test('a double is kept only where it says what was written', () => {
  fc.assert(
    fc.property(fc.oneof(integer, decimal), (written) => {
      const value = parseExact(written);
      if (typeof value !== 'number') return;
      const [whole = '', fraction = ''] = written.split('.');
      const digits = (text: string) => text.replace('-', '').replace(/^0+(?=.)/, '');
      const scale = 30;
      const exact = BigInt(whole.replace('-', '') + fraction.padEnd(scale, '0'));
      const shown = value.toLocaleString('en', {
        useGrouping: false,
        maximumFractionDigits: 20,
        maximumSignificantDigits: 17,
      });
      const [w = '', f = ''] = shown.replace('-', '').split('.');
      expect(digits(String(BigInt(w + f.padEnd(scale, '0'))))).toBe(String(exact));
    }),
  );
});

test('of a member that stands twice the last counts, whichever way it is read', () => {
  expect(parseExact('{"a":1,"a":2}')).toEqual({ a: 2 });
  expect(parseExact('{"a":1,"a":12345678901234567890}')).toEqual({ a: new Digits('12345678901234567890') });
});

test('names that every object has are names', () => {
  const text = '{"__proto__":{"x":1},"n":12345678901234567890}';
  expect(Object.keys(parseExact(text) as object)).toEqual(['__proto__', 'n']);
  expect(exactText(parseExact(text))).toBe(text);
});

test('what is no JSON is none', () => {
  for (const text of ['', '{', '{"a":01}', '1e', '12345678901234567890 x', 'NaN'])
    expect(() => parseExact(text)).toThrow(SyntaxError);
});
