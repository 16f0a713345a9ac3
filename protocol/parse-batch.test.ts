import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { batchOf, eventOf, linesOf, NETWORK } from '../test/support/batches.ts';
import { ProtocolError, parseBatch, ready, verifyBatch } from './index.ts';

beforeAll(ready);

const bytes = (text: string) => new TextEncoder().encode(text);
const body = (lines: string[]) => bytes(lines.map((line) => `${line}\n`).join(''));
const lines = () => linesOf(batchOf([eventOf(0), eventOf(1), eventOf(2)]));

/** Code and line of the refusal. */
function refusal(run: () => unknown): [string, number | undefined] {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return [error.code, error.line];
    throw error;
  }
  throw new Error('accepted');
}
const refused = (all: string[]) => refusal(() => verifyBatch(parseBatch(body(all), 'ndjson'), { network: NETWORK }));
const withLine = (at: number, change: (line: string) => string) =>
  lines().map((line, i) => (i + 1 === at ? change(line) : line));

describe('a refusal names the line', () => {
  test.each([
    ['header is line 1', 1, 'number', (line: string) => line.replace('"seq":0', '"seq":"0"')],
    ['a bad id', 3, 'id', (line: string) => line.replace('-7d22-', '-4d22-')],
    ['a blank line', 3, 'blank_line', () => ' '],
    ['CR', 2, 'line_end', (line: string) => `${line}\r`],
    ['an unknown member', 4, 'field', (line: string) => line.replace('"type"', '"typ":1,"type"')],
    ['__proto__', 4, 'proto', (line: string) => line.replace('"type"', '"__proto__":{"x":1},"type"')],
    ['__proto__ in a scope', 4, 'proto', (line: string) => line.replace('"salt"', '"__proto__":1,"salt"')],
    ['depth, short', 2, 'depth', (line: string) => line.replace('"PAGE_VIEW"', '['.repeat(9) + ']'.repeat(9))],
    ['depth, huge', 2, 'depth', (line: string) => line.replace('"PAGE_VIEW"', '{"a":'.repeat(300_000))],
    ['cut', 2, 'json', (line: string) => line.slice(0, -5)],
    ['a lone surrogate in data', 2, 'data', (line: string) => line.replace('{\\"n\\":0}', '\\udfff')],
    ['a lone surrogate in type', 2, 'type', (line: string) => line.replace('PAGE_VIEW', '\\ud800')],
    ['the id of another line', 3, 'id', (line: string) => line.replace('000000000001"', '000000000000"')],
    ['a changed field', 1, 'number', (line: string) => line.replace('"issuedAt":1', '"issuedAt":1.5')],
    ['-0', 1, 'number', (line: string) => line.replace('"seq":0', '"seq":-0')],
    ['an array', 2, 'event', () => '[]'],
    ['30 February', 2, 'time', (line: string) => line.replace('2026-02-03', '2026-02-30')],
    ['24:00', 2, 'time', (line: string) => line.replace('T04:', 'T24:')],
    ['29 February 2100', 2, 'time', (line: string) => line.replace('2026-02-03', '2100-02-29')],
    ['a salt in upper case', 2, 'salt', (line: string) => line.replace('"salt":"0', '"salt":"A')],
    ['a network', 1, 'network', (line: string) => line.replace(NETWORK, 'cere-mainnet')],
    ['a changed event', 1, 'signature', (line: string) => line.replace('"issuedAt":1', '"issuedAt":2')],
  ] as const)('%s', (_name, at, code, change) => {
    expect(refused(withLine(at, change))).toEqual([code, at]);
  });

  test('invalid UTF-8, wherever it is', () => {
    const all = body(lines());
    const third = all.indexOf(10, all.indexOf(10) + 1) + 5;
    all[third] = 0xff;
    expect(refusal(() => parseBatch(all, 'ndjson'))).toEqual(['utf8', 3]);
  });

  test('in a JSON body, the line that the part would have', () => {
    const [header, ...events] = lines();
    const text = `{"header":${header},"events":[${events.join(',').replace('"PAGE_VIEW"', '""')}]}`;
    expect(refusal(() => parseBatch(bytes(text), 'json'))).toEqual(['type', 2]);
  });
});

describe('limits', () => {
  test('1,000 events are the most', () => {
    const events = Array.from({ length: 1000 }, (_, i) => eventOf(i));
    const all = linesOf(batchOf(events));
    expect(parseBatch(body(all), 'ndjson').events).toHaveLength(1000);
    expect(refused([...all, all[5] as string])).toEqual(['count', 1002]);
    expect(refused(all.slice(0, -1))).toEqual(['count', 1]);
  });

  test('2,000,000 decoded bytes', () => {
    expect(refusal(() => parseBatch(new Uint8Array(2_000_001), 'ndjson'))).toEqual(['body_too_large', undefined]);
    expect(refusal(() => parseBatch(new Uint8Array(2_000_000), 'ndjson'))).toEqual(['json', 1]);
  });

  test('1,000,000 bytes once encrypted, to the byte', () => {
    const sizeOf = (length: number) => {
      const batch = batchOf([eventOf(0, 'x'.repeat(length))]);
      return verifyBatch(parseBatch(body(linesOf(batch)), 'ndjson'), { network: NETWORK }).encryptedSize;
    };
    const room = 1_000_000 - sizeOf(990_000);
    expect(sizeOf(990_000 + room)).toBe(1_000_000);
    expect(refusal(() => sizeOf(990_000 + room + 1))).toEqual(['batch_too_large', undefined]);
  });
});

test('of a duplicate member the last wins, and it is what is verified', () => {
  const all = withLine(2, (line) => line.replace('"type":"PAGE_VIEW"', '"type":"EVIL","type":"PAGE_VIEW"'));
  const verified = verifyBatch(parseBatch(body(all), 'ndjson'), { network: NETWORK });
  expect(verified.events[0]?.type).toBe('PAGE_VIEW');
});

test('messages never quote the body', () => {
  const secret = 'Zx81SecretZx81';
  const bad = [secret, `{"${secret} ":1}`, `"${secret}"`, `{"id":"${secret}"}`, `{"a":${secret}}`];
  for (const line of bad) {
    try {
      parseBatch(body([lines()[0] as string, line]), 'ndjson');
      throw new Error('accepted');
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      expect(`${(error as Error).stack}${JSON.stringify(error)}${(error as Error).cause}`).not.toContain(secret);
    }
  }
});

test('whatever comes, a body is verified or refused with a code', () => {
  const good = body(lines());
  const change = fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255), cut: fc.nat(3) });
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('ndjson' as const, 'json' as const),
      (changes, format) => {
        const parts = [...good];
        for (const { at, value, cut } of changes) parts.splice(at, cut, value);
        try {
          verifyBatch(parseBatch(Uint8Array.from(parts), format), { network: NETWORK });
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      },
    ),
    { numRuns: 1500 },
  );
  fc.assert(
    fc.property(fc.json(), fc.json(), (first, second) => {
      expect(() => parseBatch(bytes(`${first}\n${second}`), 'ndjson')).toThrow(ProtocolError);
    }),
  );
});
