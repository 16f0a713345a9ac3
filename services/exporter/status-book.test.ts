import { beforeEach, expect, test } from '@jest/globals';
import { createMemoryExports } from '../../connectors/postgres/memory-exports.ts';
import { someDeclaration } from '../../test/contract/exports.ts';
import { RetriableError } from '../pipeline/errors.ts';
import { NO_SIGNALS } from '../pipeline/events.ts';
import type { Exports } from '../pipeline/ports/exports.ts';
import { StatusBook } from './status-book.ts';
import { watchedSignals } from './watched-signals.ts';

let exports: Exports;
let id = 0;
let now = 0;
let written = 0;
let away = false;
let book: StatusBook;

beforeEach(async () => {
  exports = createMemoryExports();
  ({ id } = await exports.add(someDeclaration(), 'running'));
  now = 0;
  written = 0;
  away = false;
  const report: Exports['report'] = async (...args) => {
    if (away) throw new RetriableError('database_unavailable', 'it is away');
    written += 1;
    await exports.report(...args);
  };
  const note: Exports['note'] = async (...args) => {
    if (away) throw new RetriableError('database_unavailable', 'it is away');
    await exports.note(...args);
  };
  book = new StatusBook({ report, note }, id, () => now);
});

const partitions = async () => (await exports.status([id]))[0]?.partitions ?? [];
const at = (mark: number) => ({ next: mark + 1, mark });

test('whatever happened meanwhile is one statement, and nothing is none', async () => {
  await book.flush();
  expect(written).toBe(0);
  book.delivered(0, at(3), 5);
  book.delivered(0, at(7), 2);
  book.delivered(1, at(1), 1);
  await book.flush();
  await book.flush();
  expect(written).toBe(1);
  expect(await partitions()).toMatchObject([
    { partition: 0, position: at(7), rows: 7 },
    { partition: 1, position: at(1), rows: 1 },
  ]);
});

test('what could not be written is written later, once', async () => {
  away = true;
  book.delivered(0, at(3), 5);
  await expect(book.flush()).rejects.toThrow('away');
  await book.close();
  book.delivered(0, at(4), 1);
  away = false;
  await book.close();
  expect(await partitions()).toMatchObject([{ position: at(4), rows: 6 }]);
});

test('a place where nothing moves is said again only after a while', async () => {
  for (const time of [0, 5_000, 9_999, 10_000]) {
    now = time;
    book.at(0, at(3));
    await book.flush();
  }
  expect(written).toBe(2);
});

test('what goes wrong is told in words until rows are taken again', async () => {
  const signals = watchedSignals(NO_SIGNALS, book);
  const error = new RetriableError('sink_unavailable', 'the disk is full');
  now = 7;
  signals.emit('retry', { partition: 0, kind: 'apply', error });
  signals.emit('assigned', { partition: 1 });
  book.at(0, at(3));
  await book.flush();
  expect(await partitions()).toMatchObject([
    { partition: 0, position: at(3), trouble: { code: 'sink_unavailable', message: 'apply: the disk is full', at: 7 } },
  ]);
  book.delivered(0, at(4), 1);
  await book.flush();
  expect(await partitions()).toMatchObject([{ partition: 0, trouble: null }]);
});

test('what only kept the target from being asked is over when it answers', async () => {
  const signals = watchedSignals(NO_SIGNALS, book);
  signals.emit('retry', { partition: 0, kind: 'load', error: new Error('x') });
  await book.flush();
  expect((await partitions())[0]?.trouble).not.toBeNull();
  book.at(0, at(3));
  await book.flush();
  expect(await partitions()).toMatchObject([{ position: at(3), trouble: null }]);
  // A partition that waits for an operator is asked on, and waits all the same.
  signals.emit('crash-loop', { partition: 0, origin: 9, crashes: 3 });
  now = 60_000;
  book.at(0, at(3));
  await book.flush();
  expect((await partitions())[0]?.trouble).toMatchObject({
    code: 'crash-loop',
    message: expect.stringContaining('at origin 9: the partition is paused'),
  });
});

test('an error is kept as far as anybody reads it', async () => {
  book.failed(0, { code: 'x', message: 'y'.repeat(10_000) });
  await book.flush();
  expect((await partitions())[0]?.trouble?.message.length).toBeLessThan(1_100);
});

test('what a process that was killed has told is over when the next one begins', async () => {
  book.failed(0, { code: 'sink_unavailable', message: 'apply: the disk is full' });
  await book.flush();
  const next = new StatusBook(exports, id, () => now);
  next.at(0, at(3));
  await next.flush();
  expect(await partitions()).toMatchObject([{ position: at(3), trouble: null }]);
});

test('what kept a partition from delivering is over when another member has delivered', async () => {
  book.at(0, at(3));
  book.failed(0, { code: 'sink_unavailable', message: 'apply: the disk is full' });
  book.answered(0);
  book.at(0, at(9));
  await book.flush();
  expect(await partitions()).toMatchObject([{ position: at(9), trouble: null }]);
});

test('notes are counted, also while they cannot be written, and trouble no partition', async () => {
  book.note('rows_rejected', 'PURCHASE: the last', 3);
  away = true;
  await expect(book.flush()).rejects.toThrow('away');
  now = 9;
  book.note('rows_rejected', 'PURCHASE: the very last', 2);
  away = false;
  await book.flush();
  await book.flush();
  expect((await exports.status([id]))[0]?.notes).toEqual([
    { code: 'rows_rejected', message: 'PURCHASE: the very last', count: 5, at: 9 },
  ]);
  expect(await partitions()).toEqual([]);
});
