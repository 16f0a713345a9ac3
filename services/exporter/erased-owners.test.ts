import { describe, expect, it } from '@jest/globals';
import { ErasedOwners } from './erased-owners.ts';

const owner = { app: new Uint8Array(32).fill(1), wallet: new Uint8Array(32).fill(2) };
const erasure = { ...owner, issuedAt: 100, fence: null as number | null, rootVersions: [1] };
const batch = { ...owner, rootVersion: 2, origin: 50, issuedAt: 200 };
const hex = { app: '01'.repeat(32), wallet: '02'.repeat(32) };

describe('erased owners', () => {
  it('reach what is certain while the fence is unknown, leave the rest of the owner open, and are no order to the sink', () => {
    const erased = new ErasedOwners();
    erased.learn([erasure]);
    expect(erased.due()).toEqual([]);
    expect(erased.reach(batch)).toBe('open');
    expect(erased.reach({ ...batch, rootVersion: 1 })).toBe('erased');
    expect(erased.reach({ ...batch, issuedAt: 100 })).toBe('erased');
    expect(erased.reach({ ...batch, wallet: owner.app })).toBe('free');
    expect(erased.reach({ ...batch, app: owner.wallet })).toBe('free');
  });

  it('let a re-opened wallet in once the fence is known', () => {
    const erased = new ErasedOwners();
    erased.learn([erasure]);
    erased.learn([{ ...erasure, fence: 50 }]);
    expect(erased.due()).toEqual([{ ...hex, before: 50, issuedAt: 100 }]);
    expect(erased.reach(batch)).toBe('free');
    expect(erased.reach({ ...batch, origin: 49 })).toBe('erased');
    expect(erased.reach({ ...batch, rootVersion: 1 })).toBe('erased');
    expect(erased.reach({ ...batch, issuedAt: 100 })).toBe('erased');
    // Two looks at once: the one that was slower found none yet.
    erased.learn([erasure]);
    expect(erased.reach(batch)).toBe('free');
  });

  it('are due until the sink is done with them, and never again', () => {
    const erased = new ErasedOwners();
    erased.learn([{ ...erasure, fence: 50 }]);
    erased.learn([{ ...erasure, fence: 50 }]);
    const due = erased.due();
    expect(due).toHaveLength(1);
    erased.learn([{ ...erasure, issuedAt: 200, fence: 70 }]);
    erased.done(due);
    expect(erased.due()).toEqual([{ ...hex, before: 70, issuedAt: 200 }]);
    erased.done(erased.due());
    erased.learn([{ ...erasure, fence: 50 }]);
    expect(erased.due()).toEqual([]);
  });

  it.each([
    ['as signed', [10, 50], { before: 50, issuedAt: 300 }],
    ['the other way round', [50, 10], { before: 50, issuedAt: 300 }],
    ['one without a fence', [10, null], { before: 10, issuedAt: 100 }],
    ['one without a fence first', [null, 10], { before: 10, issuedAt: 300 }],
  ] as const)('reach as far as the farthest of those with a fence, %s', (_, [first, second], farthest) => {
    const erased = new ErasedOwners();
    erased.learn([
      { ...erasure, fence: first },
      { ...erasure, issuedAt: 300, fence: second },
    ]);
    expect(erased.due()).toEqual([{ ...hex, ...farthest }]);
  });

  it('keep an earlier erasure beside a later one', () => {
    const erased = new ErasedOwners();
    erased.learn([{ ...erasure, fence: 10 }]);
    erased.learn([{ ...erasure, issuedAt: 300, fence: 90, rootVersions: [2] }]);
    expect(erased.reach({ ...batch, rootVersion: 1, origin: 95, issuedAt: 400 })).toBe('erased');
    expect(erased.reach({ ...batch, rootVersion: 3, origin: 95, issuedAt: 400 })).toBe('free');
  });
});
