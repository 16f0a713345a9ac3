import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DdcClient } from '../../sdk/js/index.ts';
import { ROOMS } from '../../stack/rooms.ts';
import { keepWriting, people } from '../erasure/people.ts';
import { verdict } from '../erasure/verdict.ts';
import { eventually } from '../support/room-process.ts';
import { ddc, type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';

let it: SuiteSandbox;
beforeAll(async () => {
  it = await suiteSandbox('rotation');
}, 120_000);
afterAll(() => it?.close());

const kek = async (...args: string[]) => {
  const env = { DATABASE_URL: it.suite.database.url, DDC_KEK_FILE: it.deployment.kekFile };
  const { code, stdout, stderr } = await ddc(['kek', ...args], env);
  return { code, stderr, value: code === 0 ? JSON.parse(stdout) : null };
};

test('the KEK is rotated under load: no event fails, the old key is destroyed, and nothing needs it after a restart', async () => {
  const { network, api: endpoint, kekFile } = it.deployment;
  const client = new DdcClient({ endpoint, network, app: it.app });
  const everybody = await people(client, 20);
  const flow = keepWriting(client, everybody, 300);
  const written = (least: number) =>
    eventually('everybody has written', async () => everybody.every((one) => one.safe.size >= least) || null);
  await written(2);
  expect(await kek('destroy', '1')).toMatchObject({ code: 1, stderr: expect.stringContaining('20 roots') });
  expect((await kek('rotate')).value).toEqual({ version: 2 });
  expect((await kek('rewrap')).value).toEqual({ rewrapped: 20, lost: 0 });
  await eventually('every process knows the new key', async () =>
    (await kek('destroy', '1')).code === 0 ? true : null,
  );
  expect((await kek('status')).value).toMatchObject([
    { version: 1, roots: 0, destroyedAt: expect.any(Number) },
    { version: 2, roots: 20, current: true, destroyedAt: null },
  ]);
  expect(readFileSync(kekFile, 'utf8')).toMatch(/^2 [0-9a-f]{64}\n$/);
  await Promise.all(ROOMS.map((room) => it.sandbox.rooms.start(room)));
  await Promise.all(ROOMS.map((room) => it.sandbox.rooms.ready(room)));
  const before = Math.max(...everybody.map((one) => one.safe.size));
  await written(before + 2);
  await flow.stop();
  client.close();
  expect(flow.failures).toEqual([]);
  expect(everybody.flatMap((one) => [...one.refused, ...one.erased])).toEqual([]);
  await eventually('everything is indexed and exported', async () =>
    (await verdict(it, everybody, new Set())).missing.length === 0 ? true : null,
  );
}, 240_000);
