import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { restWhileNothingWaits } from './request-queue.ts';

interface Queue {
  push(request: { entry: object; expectResponse: boolean; sendRequest(): void }): void;
  fulfillRequest(answer: { correlationId: number; payload: Buffer; size: number }): void;
  checkPendingRequests(): void;
}
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => Queue;

const logger = { debug: () => undefined, warn: () => undefined, namespace: () => logger };
const newQueue = () =>
  new RequestQueue({
    ...{ maxInFlightRequests: 1, requestTimeout: 1_000, enforceRequestTimeout: false },
    ...{ clientId: 'test', broker: 'test', logger },
  });

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('a connection on which nothing waits sets no timer', () => {
  restWhileNothingWaits();
  newQueue().checkPendingRequests();
  expect(jest.getTimerCount()).toBe(0);
});

test('a request that waits for another is sent once that is answered, and then there is no timer', () => {
  restWhileNothingWaits();
  const queue = newQueue();
  const sent: number[] = [];
  for (const correlationId of [1, 2]) {
    const entry = { correlationId, resolve: () => undefined, reject: () => undefined };
    queue.push({ entry, expectResponse: true, sendRequest: () => void sent.push(correlationId) });
  }
  expect([sent, jest.getTimerCount()]).toEqual([[1], 1]);
  queue.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 });
  jest.runOnlyPendingTimers();
  expect([sent, jest.getTimerCount()]).toEqual([[1, 2], 0]);
});
