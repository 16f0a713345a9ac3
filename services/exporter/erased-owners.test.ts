import { describe, expect, it } from '@jest/globals';
import { ErasedOwners } from './erased-owners.ts';

const owner = { app: new Uint8Array(32).fill(1), wallet: new Uint8Array(32).fill(2) };
const erasure = { ...owner, issuedAt: 100, fence: null as number | null, rootVersions: [1] };
const batch = { ...owner, rootVersion: 2, origin: 50, issuedAt: 200 };
const hex = { app: '01'.repeat(32), wallet: '02'.repeat(32) };

describe('erased owners', () => {
  it('reach everything of the owner while the fence is unknown, and nothing of others', () => {
    const erased = new ErasedOwners();
    expect(erased.learn([erasure])).toEqual([{ ...hex, before: null }]);
    expect(erased.reach(batch)).toBe(true);
    expect(erased.reach({ ...batch, wallet: owner.app })).toBe(false);
    expect(erased.reach({ ...batch, app: owner.wallet })).toBe(false);
  });

  it('let a re-opened wallet in once the fence is known', () => {
    const erased = new ErasedOwners();
    erased.learn([erasure]);
    expect(erased.learn([{ ...erasure, fence: 50 }])).toEqual([{ ...hex, before: 50 }]);
    expect(erased.reach(batch)).toBe(false);
    expect(erased.reach({ ...batch, origin: 49 })).toBe(true);
    expect(erased.reach({ ...batch, rootVersion: 1 })).toBe(true);
    expect(erased.reach({ ...batch, issuedAt: 100 })).toBe(true);
  });

  it('tell the sink of an erasure once', () => {
    const erased = new ErasedOwners();
    erased.learn([erasure]);
    expect(erased.learn([erasure])).toEqual([]);
  });

  it('keep an earlier erasure beside a later one', () => {
    const erased = new ErasedOwners();
    erased.learn([{ ...erasure, fence: 10 }]);
    erased.learn([{ ...erasure, issuedAt: 300, fence: 90, rootVersions: [2] }]);
    expect(erased.reach({ ...batch, rootVersion: 1, origin: 95, issuedAt: 400 })).toBe(true);
    expect(erased.reach({ ...batch, rootVersion: 3, origin: 95, issuedAt: 400 })).toBe(false);
  });
});
