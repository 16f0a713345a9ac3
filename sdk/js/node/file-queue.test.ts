import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Event } from '../../../protocol/index.ts';
import { QueueBusy, QueueDamaged } from '../errors.ts';
import { type BatchQueue, memoryQueue, type OpenQueue } from '../queue/batch-queue.ts';
import { readJournal } from '../queue/journal-lines.ts';
import { fileQueue } from './file-queue.ts';
import { takeLock } from './lock.ts';

const OWNER = { network: 'cere-sandbox', app: 'ab'.repeat(32), wallet: 'cd'.repeat(32) };
const SOURCE = '11'.repeat(16);
const event = (type: string): Event => ({ id: 'x', type, time: 't', scopes: { a: { salt: 's', data: 'd' } } });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ddc-queue-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (queue: BatchQueue = fileQueue(folder)) => queue.open(OWNER, SOURCE);
const file = () => join(folder, readdirSync(folder).find((name) => name.endsWith('.queue')) as string);
const shown = (queue: OpenQueue) => queue.batches.map(({ events, seq }) => [events[0]?.type, seq]);
/** As a process leaves it that is killed: nothing is given back. The lock is of a process that is no more. */
const abandon = async () => {
  const lock = `${file()}.lock`;
  await writeFile(lock, (await readFile(lock, 'utf8')).replace(`"pid":${process.pid}`, '"pid":4194304'));
};

describe.each([
  ['in memory', () => memoryQueue()],
  ['in a file', () => fileQueue(folder)],
])('a queue %s', (_, make) => {
  test('numbers batches in the order in which they are signed, without gaps: a freed number goes to the next', async () => {
    const queue = await open(make());
    expect(queue.source).toBe(SOURCE);
    const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map((type) => queue.add([event(type)])));
    if (!a || !b || !c || !d) throw new Error('four batches');
    expect(await queue.sign(a.id, 1)).toBe(0);
    expect(await queue.sign(b.id, 2)).toBe(1);
    // Signed anew it is still the same batch.
    expect(await queue.sign(b.id, 3)).toBe(1);
    queue.settle(b.id, true);
    queue.settle(a.id, false);
    expect(await queue.sign(c.id, 4)).toBe(1);
    expect(await queue.sign(d.id, 4)).toBe(2);
    expect(shown(queue)).toEqual([
      ['c', 1],
      ['d', 2],
    ]);
    await queue.close();
  });
});

describe('a queue in a file', () => {
  test('goes on where it was given back: source, numbers and batches', async () => {
    const first = await open();
    const [a, b] = [await first.add([event('a')]), await first.add([event('b')])];
    await first.add([event('c')]);
    await first.sign(a.id, 7);
    await first.sign(b.id, 8);
    first.settle(a.id, true);
    await first.close();
    const second = await fileQueue(folder).open(OWNER, '22'.repeat(16));
    expect(second.source).toBe(SOURCE);
    expect(second.batches).toMatchObject([
      { seq: 1, issuedAt: 8 },
      { seq: null, issuedAt: null },
    ]);
    expect(await second.sign(second.batches[1]?.id as number, 9)).toBe(0);
    await second.close();
  });

  test('wherever a crash cut it off, what was told to be kept is kept, and it goes on', async () => {
    const first = await open();
    const kept: number[] = [];
    const size = async () => (await stat(file())).size;
    const head = await size();
    for (const type of ['a', 'ü', 'c']) {
      const { id } = await first.add([event(type)]);
      kept.push(await size());
      await first.sign(id, 5);
    }
    await first.close();
    const whole = await readFile(file());
    const expected = (length: number) => kept.filter((end) => end <= length).length;
    for (let length = head; length <= whole.length; length += 1) {
      const state = readJournal(whole.subarray(0, length).toString('utf8'), OWNER, 'memory');
      expect([length, state.batches.length]).toEqual([length, expected(length)]);
    }
    for (const length of kept.flatMap((end) => [end - 1, end, end + 1])) {
      await writeFile(file(), whole);
      await truncate(file(), length);
      const again = await open();
      await again.add([event('later')]);
      await again.close();
      const third = await open();
      expect(shown(third).at(-1)).toEqual(['later', null]);
      expect(third.batches).toHaveLength(expected(length) + 1);
      await third.close();
    }
  });

  test('what is no queue of this owner is refused and left as it is', async () => {
    const queue = await open();
    await queue.add([event('a')]);
    await queue.add([event('b')]);
    await queue.close();
    const [path, text] = [file(), await readFile(file(), 'utf8')];
    for (const [changed, why] of [
      ['hello\n', 'no queue'],
      ['', 'no queue'],
      [text.replace(OWNER.wallet, 'ee'.repeat(32)), 'another wallet'],
      [text.replace('"add":0', '"add":1'), 'added before'],
      [text.replace('{"add":0', '{"add:0'), 'line 2'],
    ] as const) {
      await writeFile(path, changed);
      await expect(open()).rejects.toThrow(QueueDamaged);
      await expect(open()).rejects.toThrow(why);
      expect(await readFile(path, 'utf8')).toBe(changed);
    }
  });

  test('only its user reads it', async () => {
    const queue = await fileQueue(join(folder, 'made')).open(OWNER, SOURCE);
    const made = readdirSync(join(folder, 'made')).map((name) => join(folder, 'made', name));
    for (const path of [join(folder, 'made'), ...made])
      expect([path, (await stat(path)).mode & 0o077]).toEqual([path, 0]);
    await queue.close();
  });

  test('is written anew when its history is long, and loses nothing by it', async () => {
    const queue = await open();
    const kept = await queue.add([event('kept')]);
    await queue.sign(kept.id, 1);
    const long = { ...event('long'), scopes: { a: { salt: 's', data: 'x'.repeat(100_000) } } };
    for (let i = 0; i < 25; i += 1) queue.settle((await queue.add([long])).id, false);
    await queue.add([event('last')]);
    expect((await stat(file())).size).toBeLessThan(1_500_000);
    await abandon();
    const again = await open();
    expect(shown(again)).toEqual([
      ['kept', 0],
      ['last', null],
    ]);
    await again.close();
  });

  test('is held by one process at a time, and given up by one that died', async () => {
    const queue = await open();
    await expect(open()).rejects.toThrow(QueueBusy);
    await queue.add([event('a')]);
    await abandon();
    const again = await open();
    expect(shown(again)).toEqual([['a', null]]);
    await again.close();
    await (await open()).close();
  });
});

test('of many who find the lock of a dead process one gets it, again and again', async () => {
  const path = join(folder, 'lock');
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  const dead = () => JSON.stringify({ pid: child.pid, began: '1', nonce: randomBytes(4).toString('hex') });
  for (let round = 0; round < 20; round += 1) {
    await writeFile(path, dead());
    const tried = await Promise.allSettled(Array.from({ length: 6 }, () => takeLock(path)));
    const got = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(got).toHaveLength(1);
    for (const one of tried) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(QueueBusy);
    await got[0]?.();
    expect(readdirSync(folder)).toEqual([]);
  }
});
