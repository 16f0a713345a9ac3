import { expect, test } from '@jest/globals';
import { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError, Partitioners } from 'kafkajs';
import { FatalError, RetriableError } from '../../services/pipeline/errors.ts';
import { toPortError } from './kafka-errors.ts';

/** As kafkajs makes it of a broker's answer. */
function refusal(type: string, retriable: boolean): Error {
  const error = new KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 1, retriable }));
  return error;
}
const exhausted = (cause: Error) =>
  new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 100, cause } as never);

test('a broker that is down is something to try again, although kafkajs calls exhausted retries not retriable', () => {
  const error = exhausted(new KafkaJSConnectionError('refused', { broker: 'b:1' }));
  expect((error as unknown as { retriable: boolean }).retriable).toBe(false);
  expect(toPortError(error, 'send')).toMatchObject({ retriable: true, code: 'kafka_unavailable' });
});

test('a moved leader and a lost quorum are something to try again', () => {
  for (const type of ['NOT_LEADER_FOR_PARTITION', 'NOT_ENOUGH_REPLICAS', 'UNKNOWN_TOPIC_OR_PARTITION']) {
    expect(toPortError(exhausted(refusal(type, true)), 'send')).toBeInstanceOf(RetriableError);
  }
});

test('what no repetition changes is fatal, and says which', () => {
  expect(toPortError(exhausted(refusal('MESSAGE_TOO_LARGE', false)), 'send')).toMatchObject({
    retriable: false,
    code: 'record_too_large',
  });
  expect(toPortError(refusal('OFFSET_OUT_OF_RANGE', true), 'read')).toMatchObject({
    retriable: false,
    code: 'offset_out_of_range',
  });
});

test('a socket that breaks is something to try again', () => {
  for (const code of ['ECONNRESET', 'ENOTFOUND', 'ERR_SSL_WRONG_VERSION_NUMBER']) {
    expect(toPortError(exhausted(Object.assign(new Error('x'), { code })), 'send')).toBeInstanceOf(RetriableError);
  }
});

test('kafkajs over an answer that makes no sense fails with errors of its language: they are its own', () => {
  let thrown: unknown;
  try {
    Partitioners.DefaultPartitioner()({ topic: 't', partitionMetadata: undefined as never, message: { value: null } });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(TypeError);
  expect(toPortError(thrown, 'send')).toBeInstanceOf(RetriableError);
});

test('a bug of ours is not tried again, also when kafkajs has wrapped it; our own errors pass unchanged', () => {
  for (const bug of [new TypeError('x'), new RangeError('y')]) {
    expect(toPortError(bug, 'send')).toBe(bug);
    expect(toPortError(exhausted(bug), 'send')).toBe(bug);
  }
  expect(toPortError('text', 'send')).not.toBeInstanceOf(RetriableError);
  const ours = new FatalError('mine', 'x');
  expect(toPortError(ours, 'send')).toBe(ours);
});
