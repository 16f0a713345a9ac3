import { expect, test } from '@jest/globals';
import { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } from 'kafkajs';
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

test('anything else has `retriable` set too, and ours pass unchanged', () => {
  for (const thrown of ['text', new TypeError('x'), undefined])
    expect(toPortError(thrown, 'send').retriable).toBe(true);
  const ours = new FatalError('mine', 'x');
  expect(toPortError(ours, 'send')).toBe(ours);
});
