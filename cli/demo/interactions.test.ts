import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { BadLine, parseInteractions, parseSample } from './interactions.ts';

const sample = readFileSync(new URL('../../examples/data/cdnow_sample.txt', import.meta.url), 'utf8');
const good = { customer: 'ann', type: 'PURCHASE', time: '2026-02-03T04:05:06.000Z', scopes: { purchase: { cds: 1 } } };

describe('the sample', () => {
  const events = parseSample(sample);

  it('is 6,919 purchases of 2,357 customers', () => {
    expect(events).toHaveLength(6919);
    expect(new Set(events.map((event) => event.customer)).size).toBe(2357);
  });

  it('keeps what was bought and who bought it in two scopes', () => {
    expect(events[0]).toEqual({
      customer: '00004',
      type: 'PURCHASE',
      time: new Date('1997-01-01T12:00:00.000Z'),
      session: '00004-1997-01-01',
      scopes: { purchase: { cds: 2, dollars: '29.33' }, profile: { customer: '00004', sampleId: '0001' } },
    });
  });

  it('names a line that is not a purchase', () => {
    expect(() => parseSample(' 00004 0001 19970101  2   29.33\r\nhello\r\n')).toThrow(/^line 2: /);
  });
});

describe('events of your own', () => {
  it('become events', () => {
    const text = `${JSON.stringify(good)}\n${JSON.stringify({ ...good, session: 's' })}\n`;
    expect(parseInteractions(text).map((event) => event.session)).toEqual([undefined, 's']);
  });

  it.each<[string, string]>([
    ['not JSON', '{'],
    ['an array', '[]'],
    ['no customer', JSON.stringify({ ...good, customer: undefined })],
    ['a customer that is a number', JSON.stringify({ ...good, customer: 7 })],
    ['an empty type', JSON.stringify({ ...good, type: '' })],
    ['a type with a control character', JSON.stringify({ ...good, type: 'A\u0007' })],
    ['a time that is none', JSON.stringify({ ...good, time: 'yesterday' })],
    ['an empty session', JSON.stringify({ ...good, session: '' })],
    ['no scopes', JSON.stringify({ ...good, scopes: {} })],
    ['a reserved scope', JSON.stringify({ ...good, scopes: { __meta: {} } })],
    ['a scope that is a text', JSON.stringify({ ...good, scopes: { purchase: 'x' } })],
    ['an unknown field', JSON.stringify({ ...good, extra: 1 })],
    ['more than fits a batch', JSON.stringify({ ...good, scopes: { purchase: { note: 'x'.repeat(900_000) } } })],
    ['a blank line', ''],
  ])('%s is refused with its line number', (_what, line) => {
    const text = `${JSON.stringify(good)}\n${line}\n${JSON.stringify(good)}\n`;
    expect(() => parseInteractions(text)).toThrow(BadLine);
    expect(() => parseInteractions(text)).toThrow(/^line 2: /);
  });
});
