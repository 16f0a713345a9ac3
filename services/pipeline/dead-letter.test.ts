import { describe, expect, test } from '@jest/globals';
import type { Received } from '../../schemas/index.ts';
import { originalOf } from './dead-letter.ts';
import { RetriableError } from './errors.ts';
import type { Codec } from './ports/codec.ts';

const record = { key: new Uint8Array(32).fill(7), value: Uint8Array.of(1, 2), offset: 0, headers: {} };
const failing = (error: Error): Codec<Received> => ({
  encode: () => new Uint8Array(),
  decode: () => {
    throw error;
  },
});

describe('the original of a dead letter', () => {
  test('of an undecodable record is its bytes under its key', () => {
    const original = originalOf(record, failing(Object.assign(new Error('no record'), { code: 'undecodable' })));
    expect(original).toMatchObject({ wallet: record.key, sealed: record.value });
  });

  test('is not given up while its schema is being fetched, and a bug is not taken for a bad record', () => {
    const fetching = new RetriableError('schema_unknown', 'being fetched');
    expect(() => originalOf(record, failing(fetching))).toThrow(fetching);
    expect(() => originalOf(record, failing(new TypeError('a bug')))).toThrow(TypeError);
  });
});
