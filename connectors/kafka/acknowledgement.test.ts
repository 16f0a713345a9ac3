import { describe, expect, test } from '@jest/globals';
import { acknowledgedOffset } from './acknowledgement.ts';

const entry = (over: object = {}) => ({ topicName: 't', partition: 1, errorCode: 0, baseOffset: '41', ...over });

describe('a send counts only if the answer', () => {
  test('lists its partition, without an error and with an offset', () => {
    expect(acknowledgedOffset([entry({ partition: 0, baseOffset: '7' }), entry()], 't', 1)).toBe(41);
    expect(acknowledgedOffset([entry({ baseOffset: '0' })], 't', 1)).toBe(0);
  });

  test.each([
    ['is empty', []],
    ['lists another partition', [entry({ partition: 0 })]],
    ['lists another topic', [entry({ topicName: 'u' })]],
    ['has an error', [entry({ errorCode: 7 })]],
    ['has offset -1', [entry({ baseOffset: '-1' })]],
    ['has no offset', [entry({ baseOffset: undefined })]],
    ['lists it twice', [entry(), entry({ baseOffset: '42' })]],
  ])('and not if it %s', (_what, answer) => {
    expect(() => acknowledgedOffset(answer, 't', 1)).toThrow(
      expect.objectContaining({ code: 'send_unacknowledged', retriable: true }),
    );
  });
});
