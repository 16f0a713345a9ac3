import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { eventOf } from '../test/support/batches.ts';
import { isCidV1, isScopeName, millisecondsOf, parseEvent } from './index.ts';

const accepts = (change: Record<string, unknown>) => {
  try {
    parseEvent({ ...eventOf(0), ...change });
    return true;
  } catch {
    return false;
  }
};

describe('fields of an event', () => {
  test('a time is right exactly when it is its own toISOString', () => {
    const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'));
    const near = (low: number, high: number) =>
      fc.integer({ min: low, max: high }).map((n) => String(n).padStart(2, '0'));
    const time = fc
      .tuple(
        fc.integer({ min: 0, max: 9999 }),
        fc.oneof(near(0, 13), two),
        fc.oneof(near(0, 32), two),
        near(0, 25),
        near(55, 61),
        near(0, 61),
      )
      .map(
        ([year, ...rest]) =>
          `${String(year).padStart(4, '0')}-${rest[0]}-${rest[1]}T${rest[2]}:${rest[3]}:${rest[4]}.123Z`,
      );
    const isOwn = (text: string) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
    fc.assert(
      fc.property(time, (text) => expect([text, accepts({ time: text })]).toEqual([text, isOwn(text)])),
      { numRuns: 3000 },
    );
  });

  test('the milliseconds of every time', () => {
    const [min, max] = [new Date('0000-01-01T00:00:00.000Z'), new Date('9999-12-31T23:59:59.999Z')];
    const first = fc.constantFrom(min, max, new Date('0099-12-31T23:59:59.999Z'), new Date('0100-01-01T00:00:00.000Z'));
    fc.assert(
      fc.property(fc.oneof(first, fc.date({ min, max, noInvalidDate: true })), (date) => {
        expect(millisecondsOf(date.toISOString())).toBe(date.getTime());
      }),
      { numRuns: 2000 },
    );
  });

  test('a blob is a CIDv1 exactly as multiformats writes it', () => {
    const cid = fc
      .tuple(fc.nat(0xffffff), fc.nat(0xffff), fc.uint8Array({ minLength: 1, maxLength: 40 }))
      .map(([codec, code, digest]) => CID.createV1(codec, create(code, digest)).toString());
    fc.assert(fc.property(cid, (text) => expect(isCidV1(text)).toBe(true)));
    fc.assert(
      fc.property(cid, fc.nat(), fc.constantFrom(...'abc7z210A'), fc.nat(2), (text, at, character, cut) => {
        const changed = text.slice(0, at % text.length) + character + text.slice((at % text.length) + cut);
        if (!isCidV1(changed)) return;
        const parsed = CID.parse(changed);
        expect([parsed.version, parsed.toString()]).toEqual([1, changed]);
      }),
      { numRuns: 1000 },
    );
    expect(isCidV1('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPJm5')).toBe(false);
  });

  test('types and sessions: 1 to 128 bytes, no control characters', () => {
    for (const field of ['type', 'session']) {
      for (const good of ['a', 'x'.repeat(128), 'é'.repeat(64), 'a b', '\u2028', '\ufeff'])
        expect(accepts({ [field]: good })).toBe(true);
      for (const bad of [
        '',
        'x'.repeat(129),
        `${'é'.repeat(64)}x`,
        'a\nb',
        '\u0000',
        '\u007f',
        '\u0085',
        '\ud800',
        5,
        null,
      ]) {
        expect(accepts({ [field]: bad })).toBe(false);
      }
    }
  });

  test('scope names', () => {
    for (const good of ['a', 'A.b-c_9', '__default_scope', '_x', 'constructor', 'x'.repeat(64)])
      expect(isScopeName(good)).toBe(true);
    for (const bad of ['', '__meta', '__x', 'x'.repeat(65), 'a b', 'ü', '__proto__', 'a\n'])
      expect(isScopeName(bad)).toBe(false);
  });
});
