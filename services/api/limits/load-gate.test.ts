import { beforeEach, describe, expect, test } from '@jest/globals';
import { createLoadGate } from './load-gate.ts';

let at = 0;
beforeEach(() => {
  at = 5_000;
});
const gateOf = (mostMs: number | null) => createLoadGate(mostMs, () => at);
const BODY = 36_000;
const COST = BODY + 8 * 1024;

const LEAST = Math.ceil((512 * 1024) / COST);

/** `count` bodies, one done every `ms` while others wait: loaded from the first to the last. */
function work(gate: ReturnType<typeof gateOf>, count: number, ms: number): void {
  const waiting = Array.from({ length: LEAST }, () => gate.enter(BODY));
  for (let i = 0; i < count; i++) {
    at += ms;
    waiting.shift()?.();
    waiting.push(gate.enter(BODY));
  }
  for (const leave of waiting) leave();
}
function fill(gate: ReturnType<typeof gateOf>): number {
  for (let entered = 0; ; entered++) {
    try {
      gate.enter(BODY);
    } catch (error) {
      expect(error).toMatchObject({ code: 'overloaded' });
      return entered;
    }
    if (entered > 10_000) return Number.POSITIVE_INFINITY;
  }
}

describe('the gate against overload', () => {
  test('lets in as much as is done in the bound at the speed that was measured', () => {
    const gate = gateOf(200);
    work(gate, 400, 2.5);
    const entered = fill(gate);
    expect(entered).toBeGreaterThanOrEqual(80);
    expect(entered).toBeLessThanOrEqual(81);
    expect(gate.expectedMs).toBeGreaterThan(195);
    expect(() => gate.check()).toThrow();
  });

  test('a slower machine lets in less, but never less than half a mebibyte', () => {
    const gate = gateOf(200);
    work(gate, 200, 100);
    expect(fill(gate)).toBe(LEAST);
    expect(gate.expectedMs).toBeGreaterThan(200);
  });

  test('idle time is no slowness', () => {
    const gate = gateOf(200);
    for (let i = 0; i < 40; i++) {
      at += 1_000;
      work(gate, 10, 2.5);
    }
    expect(fill(gate)).toBeGreaterThanOrEqual(80);
  });

  test('how long one takes alone is no measure of how many are done at once', () => {
    const gate = gateOf(200);
    for (let i = 0; i < 400; i++) {
      const leave = gate.enter(BODY);
      at += 50;
      leave();
    }
    expect(fill(gate)).toBe(Number.POSITIVE_INFINITY);
  });

  test('the first answers of a slow start are no measure', () => {
    const gate = gateOf(200);
    const leaves = Array.from({ length: LEAST + 6 }, () => gate.enter(BODY));
    at += 150;
    for (const leave of leaves.slice(0, 3)) {
      leave();
      at += 0.1;
    }
    expect(fill(gate)).toBe(Number.POSITIVE_INFINITY);
  });

  test('many at once are measured as many', () => {
    const gate = gateOf(200);
    for (let round = 0; round < 100; round++) {
      const leaves = Array.from({ length: 10 * LEAST }, () => gate.enter(BODY));
      at += 10 * LEAST;
      for (const leave of leaves) leave();
    }
    expect(fill(gate)).toBeGreaterThanOrEqual(175);
  });

  test('what has left makes room; leaving twice counts once', () => {
    const gate = gateOf(200);
    work(gate, 400, 2.5);
    const leave = gate.enter(BODY);
    fill(gate);
    leave();
    leave();
    expect(fill(gate)).toBe(1);
  });

  test('while no speed is known it refuses nothing', () => {
    expect(fill(gateOf(200))).toBe(Number.POSITIVE_INFINITY);
  });

  test('without a bound it refuses nothing', () => {
    const gate = gateOf(null);
    work(gate, 100, 500);
    expect(fill(gate)).toBe(Number.POSITIVE_INFINITY);
  });
});
