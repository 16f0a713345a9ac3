import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromUtf8, ProtocolError, ready, utf8 } from '../../protocol/index.ts';
import { asBatch } from './one-event.ts';

beforeAll(ready);

const of = (text: string): string => fromUtf8(asBatch(utf8(text)));
const codeOf = (text: string): string => {
  try {
    JSON.parse(of(text));
    return 'accepted';
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    if (error instanceof SyntaxError) return 'no JSON';
    throw error;
  }
};

describe('one event as a batch', () => {
  test('both values stay as they came, to the byte', () => {
    const header = ' { "a" : "}\\"{é" }';
    const event = '\n[1.50, "\\u0041", {"b": ["]"]}] ';
    expect(of(`{"header":${header},"event":${event}}`)).toBe(`{"header":${header},"events":[${event}]}`);
    expect(of(` { "event" :${event}, "header" :${header}} \n`)).toBe(`{"header":${header},"events":[${event}]}`);
  });

  test('of a member that comes twice the last one counts, however it is written', () => {
    expect(of('{"event":1,"header":{},"\\u0065vent":2}')).toBe('{"header":{},"events":[2]}');
  });

  test.each([
    ['', 'body'],
    ['[]', 'body'],
    ['1', 'body'],
    ['{}', 'body'],
    ['{"header":{}}', 'body'],
    ['{"event":{}}', 'body'],
    ['{"header":{},"event":{},"more":1}', 'field'],
    ['{"header":{},"event":{},"__proto__":{}}', 'proto'],
    ['{"header":{},"event":{}', 'json'],
    ['{"header":{},"event":{}}x', 'json'],
    ['{"header":{},"event":{},}', 'json'],
    ['{"header":{} "event":{}}', 'body'],
    ['{header:{},"event":{}}', 'json'],
    ['{"header" {},"event":{}}', 'json'],
    ['{"header":{},"event":{}]', 'json'],
    ['{"header":{},"event":"', 'json'],
    ['{"header":{},"event":1],"x":[1}', 'json'],
    ['{"header":{},"event":{]}}', 'json'],
    ['{"header":{},"event":[}]}', 'json'],
    ['{"header":{},"event":1 2}', 'no JSON'],
    ['{"header":,"event":1}', 'no JSON'],
  ])('%s is refused: %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  test('any values go in and out unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (header, event, space) => {
        expect(JSON.parse(of(JSON.stringify({ header, event }, null, space)))).toEqual(
          JSON.parse(JSON.stringify({ header, events: [event] })),
        );
      }),
    );
  });
});
