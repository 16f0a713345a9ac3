import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';
import type { FetchedMessage } from './cluster.ts';
import { committedOf } from './committed.ts';

const COMMIT = 1;
const ABORT = 0;

const record = (offset: number, producerId: string, inTransaction = true): FetchedMessage =>
  message(offset, Buffer.from('k'), { producerId, inTransaction }, false);
const marker = (offset: number, producerId: string, type: number): FetchedMessage =>
  message(offset, Buffer.from([0, 0, 0, type]), { producerId, inTransaction: true }, true);

function message(
  offset: number,
  key: Buffer,
  batchContext: FetchedMessage['batchContext'],
  isControlRecord: boolean,
): FetchedMessage {
  const rest = { value: null, timestamp: '0', attributes: 0, headers: {} };
  return { ...rest, offset: String(offset), key, batchContext, isControlRecord } as FetchedMessage;
}

/** A begins at 5, B at 6; a fetch at 10 finds both open. B ends first, so the broker lists it first. */
const interleaved = {
  messages: [
    record(10, 'B'),
    record(11, 'C', false),
    record(12, 'A'),
    marker(13, 'B', ABORT),
    record(14, 'B'),
    marker(15, 'A', ABORT),
    marker(16, 'B', COMMIT),
    record(17, 'A'),
    marker(18, 'A', COMMIT),
  ],
  abortedTransactions: [
    { producerId: 'B', firstOffset: '6' },
    { producerId: 'A', firstOffset: '5' },
  ],
};

it('lets through what was committed, and nothing of transactions that were open where the fetch begins', () => {
  expect(committedOf(interleaved).map(({ offset }) => Number(offset))).toEqual([11, 14, 17]);
});

it('control: the filter of kafkajs takes in one transaction a record, and lets one of an aborted one through', () => {
  const theirs = createRequire(import.meta.url)('kafkajs/src/consumer/filterAbortedMessages') as (
    fetched: typeof interleaved,
  ) => FetchedMessage[];
  const two = { ...interleaved, abortedTransactions: [...interleaved.abortedTransactions].reverse() };
  const shown = theirs(two).filter(({ isControlRecord }) => !isControlRecord);
  expect(shown.map(({ offset }) => Number(offset))).toContain(10);
  expect(committedOf(two).map(({ offset }) => Number(offset))).toEqual([11, 14, 17]);
});
