import { expect, test } from '@jest/globals';
import { toHex } from '../../../protocol/index.ts';
import type { TokenRevocation } from '../../pipeline/ports/token-revocations.ts';
import { ApiProblem } from '../problems.ts';
import { createRevokedTokens } from './revoked-tokens.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const revocation = (fill: number, until = 1_000): TokenRevocation => ({
  author: bytes(32, fill),
  token: bytes(16, fill),
  until,
});
const ends = (fill: number) => ({ ends: [{ author: toHex(bytes(32, fill)), token: toHex(bytes(16, fill)) }] });

/** A list that can be away, on clocks that the test moves. */
function world(most?: number) {
  let list: TokenRevocation[] = [];
  let away: Promise<never> | null = null;
  const at = { now: 0, elapsed: 0 };
  const marks: number[] = [];
  const revoked = createRevokedTokens({
    revocations: {
      async since(mark, take) {
        if (away) await away;
        marks.push(mark);
        take(list);
        return mark + 1;
      },
    },
    now: () => at.now,
    elapsed: () => at.elapsed,
    ...(most === undefined ? {} : { most }),
  });
  const codeOf = (fill: number): string => {
    try {
      revoked.check(ends(fill));
    } catch (error) {
      if (error instanceof ApiProblem) return error.code;
      throw error;
    }
    return 'taken';
  };
  return {
    at,
    marks,
    revoked,
    codeOf,
    set: (those: TokenRevocation[]) => {
      list = those;
    },
    goAway: () => {
      away = Promise.reject(new Error('away'));
      away.catch(() => undefined);
    },
  };
}

test('no token is taken before the list was read once, nor when it could not be read for 15 s', async () => {
  const { revoked, codeOf, at, goAway } = world();
  expect(codeOf(1)).toBe('unavailable');
  await revoked.refresh();
  expect(codeOf(1)).toBe('taken');
  goAway();
  at.elapsed = 14_999;
  await expect(revoked.refresh()).rejects.toThrow('away');
  expect(codeOf(1)).toBe('taken');
  at.elapsed = 15_001;
  expect(codeOf(1)).toBe('unavailable');
});

test('what another process took counts from the next reading on', async () => {
  const { revoked, codeOf, set, marks } = world();
  await revoked.refresh();
  set([revocation(1)]);
  expect(codeOf(1)).toBe('taken');
  await revoked.refresh();
  expect([codeOf(1), codeOf(2)]).toEqual(['token_revoked', 'taken']);
  // It is not told again, and counts on.
  set([]);
  await revoked.refresh();
  expect(codeOf(1)).toBe('token_revoked');
  expect(marks).toEqual([0, 1, 2]);
});

test('a full list takes no more until some are over', async () => {
  const { revoked, at } = world(2);
  await revoked.refresh();
  revoked.add(revocation(1, 1_000));
  revoked.add(revocation(1, 1_000));
  expect(() => revoked.mustHaveRoom()).not.toThrow();
  revoked.add(revocation(2, 2_000));
  expect(() => revoked.mustHaveRoom()).toThrow('list of revoked tokens is full');
  at.now = 1_000;
  at.elapsed = 60_000;
  await revoked.refresh();
  expect(() => revoked.mustHaveRoom()).not.toThrow();
});

test('what was taken here counts at once, whatever a reading that began before says, until it is over', async () => {
  const { revoked, codeOf, at } = world();
  await revoked.refresh();
  const reading = revoked.refresh();
  revoked.add(revocation(1, 1_000));
  await reading;
  expect(codeOf(1)).toBe('token_revoked');
  at.now = 1_000;
  await revoked.refresh();
  expect(codeOf(1)).toBe('taken');
});

test('any of the tokens and keys that answer for a delegated one ends it', async () => {
  const { revoked, set } = world();
  set([revocation(2)]);
  await revoked.refresh();
  expect(() => revoked.check({ ends: [...ends(1).ends, ...ends(2).ends] })).toThrow(ApiProblem);
  // Another author's token of the same id is another token.
  expect(() => revoked.check({ ends: [{ author: toHex(bytes(32, 1)), token: toHex(bytes(16, 2)) }] })).not.toThrow();
});
