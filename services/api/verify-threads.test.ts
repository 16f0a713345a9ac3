import { expect, test } from '@jest/globals';
import { startVerifyThreads } from './verify-threads.ts';

const source = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const DIES = {
  'throws on its first job':
    "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { throw 1 })",
  'ends without an error':
    "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3))",
};

test.each(Object.entries(DIES))(
  'a thread that %s fails what it had in hand, and the process is told',
  async (_, code) => {
    let told: (error: unknown) => void = () => undefined;
    const dead = new Promise((resolve) => {
      told = resolve;
    });
    const threads = await startVerifyThreads(1, 'cere-test', () => 0, told, source(code));
    const verify = () => threads.verify(new Uint8Array(), 'ndjson', async () => undefined);
    await expect(verify()).rejects.toBeDefined();
    await dead;
    await expect(verify()).rejects.toBeDefined();
    await threads.close();
  },
);

test('closing is not dying', async () => {
  const told: unknown[] = [];
  const threads = await startVerifyThreads(
    2,
    'cere-test',
    () => 0,
    (error) => told.push(error),
    source('setInterval(() => 0, 1e6)'),
  );
  await threads.close();
  expect(told).toEqual([]);
});
