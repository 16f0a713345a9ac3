import { expect, test } from '@jest/globals';
import type { LiveBatch } from './live-batch.ts';
import { startOpenThreads, TOGETHER } from './open-threads.ts';

const source = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const onMessage = (code: string) =>
  source(`import { parentPort } from 'node:worker_threads'; parentPort.on('message', (job) => { ${code} })`);
const DIES = {
  'throws on its first job': onMessage('throw 1'),
  'ends without an error': onMessage('process.exit(3)'),
};

const bytes = new Uint8Array(32);
const body = { mode: 'service', epoch: 0, subject: bytes, meta: bytes, events: [] };
const batch = { origin: 0, value: { app: bytes, wallet: bytes, batchId: bytes, body } } as unknown as LiveBatch;
const key = new Uint8Array(32).fill(7);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test.each(Object.entries(DIES))(
  'a thread that %s fails what it had in hand, and the process is told',
  async (_, file) => {
    let told: (error: unknown) => void = () => undefined;
    const dead = new Promise((resolve) => {
      told = resolve;
    });
    const threads = startOpenThreads(1, told, file);
    const open = () => all(threads.open([batch, batch], [], () => key));
    await expect(open()).rejects.toBeDefined();
    await dead;
    await expect(open()).rejects.toBeDefined();
    await threads.close();
  },
);

test('answers come in the order of the batches, whichever thread is done first, and keys are gone then', async () => {
  const told: unknown[] = [];
  const late = onMessage(`setTimeout(() => {
    const opened = job.packed.map(({ keys }) => ({ kind: 'refused', why: [job.id, ...keys.slice(0, 2)].join() }));
    parentPort.postMessage({ id: job.id, opened });
  }, job.id % 2 ? 50 : 0);`);
  const threads = startOpenThreads(2, (error) => told.push(error), late);
  const batches = new Array<LiveBatch>(2 * TOGETHER + 1).fill(batch);
  const opened = await all(threads.open(batches, [], () => key));
  const group = (id: number) => new Array<string>(TOGETHER).fill(`${id},7,7`);
  expect(opened.map((one) => one.kind === 'refused' && one.why)).toEqual([...group(1), ...group(2), '3,7,7']);
  await threads.close();
  expect(told).toEqual([]);
});

test('a check that fails there fails here, by its code', async () => {
  const refuse = onMessage("parentPort.postMessage({ id: job.id, failed: 'tag', code: 'tag' })");
  const threads = startOpenThreads(1, () => undefined, refuse);
  await expect(all(threads.open([batch], [], () => key))).rejects.toMatchObject({ code: 'tag' });
  await threads.close();
});
