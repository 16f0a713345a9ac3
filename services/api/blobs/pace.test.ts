import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { watchPace } from './pace.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const MINUTE = 60_000;
const LEAST = 60 * 64 * 1024;

test('a transfer is cut after the first minute in which too little moved, and only once', () => {
  const tooSlow = jest.fn();
  const pace = watchPace(tooSlow);
  pace.moved(LEAST);
  jest.advanceTimersByTime(MINUTE);
  expect(tooSlow).not.toHaveBeenCalled();
  pace.moved(LEAST - 1);
  jest.advanceTimersByTime(MINUTE);
  expect(tooSlow).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(5 * MINUTE);
  expect(tooSlow).toHaveBeenCalledTimes(1);
});

test('one that has ended is not cut', () => {
  const tooSlow = jest.fn();
  watchPace(tooSlow).end();
  jest.advanceTimersByTime(2 * MINUTE);
  expect(tooSlow).not.toHaveBeenCalled();
});
