import { describe, expect, it } from '@jest/globals';
import { type SealedSummary, type Selectable, selectorOf, selects, selectsWhole, sessionMark } from './removal.ts';

const owner = { app: new Uint8Array(32).fill(1), wallet: new Uint8Array(32).fill(2) };
const other = { ...owner, wallet: new Uint8Array(32).fill(3) };
const id = (n: number) => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const event: Selectable = { id: id(1), time: 1_000, session: 's', issuedAt: 50 };
const by = (body: Parameters<typeof selectorOf>[1], issuedAt = 50) => ({ selector: selectorOf(owner, body), issuedAt });

describe('a removal', () => {
  it('selects by id', () => {
    expect(selects(owner, by({ events: [id(0), id(1)] }), event)).toBe(true);
    expect(selects(owner, by({ events: [id(0)] }), event)).toBe(false);
  });

  it('selects by time, the end left out', () => {
    expect(selects(owner, by({ from: 1_000, to: 1_001 }), event)).toBe(true);
    expect(selects(owner, by({ from: 999, to: 1_000 }), event)).toBe(false);
    expect(selects(owner, by({ from: 1_001, to: 2_000 }), event)).toBe(false);
    expect(selects(owner, by({ from: 0, to: 2_000 }), { ...event, time: null })).toBe(false);
  });

  it('selects by session without keeping its name, and only in its owner', () => {
    expect(selects(owner, by({ session: 's' }), event)).toBe(true);
    expect(selects(owner, by({ session: 't' }), event)).toBe(false);
    expect(selects(owner, by({ session: 's' }), { ...event, session: null })).toBe(false);
    expect(JSON.stringify(by({ session: 'clinic visit' }))).not.toContain('clinic');
    expect(sessionMark(owner, 's')).not.toBe(sessionMark(other, 's'));
  });

  it('reaches batches that were signed until it was, and none after', () => {
    for (const body of [{ events: [id(1)] }, { from: 0, to: 2_000 }, { session: 's' }]) {
      expect(selects(owner, by(body, 50), event)).toBe(true);
      expect(selects(owner, by(body, 49), event)).toBe(false);
    }
  });

  it('takes a batch that nobody can open only as a whole', () => {
    const batch: SealedSummary = { issuedAt: 50, count: 2, idMin: id(1), timeMin: 100, timeMax: 200 };
    expect(selectsWhole(by({ from: 100, to: 201 }), batch)).toBe(true);
    expect(selectsWhole(by({ from: 100, to: 200 }), batch)).toBe(false);
    expect(selectsWhole(by({ from: 101, to: 300 }), batch)).toBe(false);
    expect(selectsWhole(by({ from: 0, to: 300 }, 49), batch)).toBe(false);
    expect(selectsWhole(by({ events: [id(1)] }), batch)).toBe(false);
    expect(selectsWhole(by({ events: [id(1)] }), { ...batch, count: 1 })).toBe(true);
    expect(selectsWhole(by({ session: 's' }), { ...batch, count: 1 })).toBe(false);
  });
});
