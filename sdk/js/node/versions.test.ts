import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { toHex } from '../../../protocol/index.ts';
import { nodeArguments } from '../../../stack/built.ts';
import { app, type MemoryApi, startMemoryApi } from '../../../test/support/api.ts';
import { memoryRooms } from '../../../test/support/memory-rooms.ts';
import { OTHER_NODE, prepareOtherNode } from '../../../test/support/prepared.mjs';

let it: MemoryApi;
let folder = '';
let other = '';
let working: ReturnType<typeof setInterval>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ddc-versions-'));
  other = await prepareOtherNode();
  it = await startMemoryApi();
  const rooms = memoryRooms(it, it.vault);
  working = setInterval(() => void rooms.run(), 25);
}, 180_000);
afterAll(async () => {
  clearInterval(working);
  await it?.api.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Records three events through a queue in files, and prints its own version and what it reads back. */
async function run(node: string, name: string): Promise<{ version: string; read: string[] }> {
  const script = [...nodeArguments('test/support/recording-child.ts'), it.url, join(folder, name), '3', name];
  const phrase = `bottom drive obey lake curtain smoke basket hold race lonely fit walk//${name}`;
  const child = spawn(node, script, {
    env: { PATH: process.env.PATH, DDC_TEST_APP: toHex(app.publicKey), DDC_TEST_PHRASE: phrase },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  expect(code).toBe(0);
  return JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '');
}

test('under this Node and under the other one the SDK records, waits, reads back and proves', async () => {
  for (const [node, name, version] of [
    [process.execPath, 'this', process.version],
    [other, 'other', `v${OTHER_NODE}`],
  ] as const) {
    const expected = [0, 1, 2].map((n) => JSON.stringify({ name, n }));
    expect(await run(node, name)).toEqual({ version, read: expected });
  }
  expect(process.version).not.toBe(`v${OTHER_NODE}`);
}, 120_000);
