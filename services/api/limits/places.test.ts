import { expect, test } from '@jest/globals';
import { createPlaces } from './places.ts';

const codeOf = (take: () => unknown) => {
  try {
    take();
    return null;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test('one caller holds half of the places, all callers all of them; what is given back is free', () => {
  const places = createPlaces(4, 'downloads');
  const first = places.take('a');
  places.take('a');
  expect(codeOf(() => places.take('a'))).toBe('rate_limited');
  places.take('b');
  places.take('c');
  expect([codeOf(() => places.take('d')), codeOf(() => places.take('a'))]).toEqual(['overloaded', 'overloaded']);
  first();
  expect(codeOf(() => places.take('a'))).toBeNull();
  expect(codeOf(() => places.take('d'))).toBe('overloaded');
});
