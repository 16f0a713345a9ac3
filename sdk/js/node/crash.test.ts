import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { toHex } from '../../../protocol/index.ts';
import { nodeArguments } from '../../../stack/built.ts';
import { app, type MemoryApi, startMemoryApi } from '../../../test/support/api.ts';
import { memoryRooms } from '../../../test/support/memory-rooms.ts';
import { accountFromPhrase, Ddc } from '../index.ts';

const KILLS = 20;
/** So many lines a process may write before it is killed, at most. */
const MOST_LINES = 14;

let it: MemoryApi;
let script: string[] = [];
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ddc-crash-'));
  it = await startMemoryApi();
  script = nodeArguments('test/support/recording-child.ts');
}, 60_000);
afterAll(async () => {
  await it?.api.close();
  rmSync(folder, { recursive: true, force: true });
});

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//queue-of-a-process';
/** Starts a process; each line it writes is told, until it has ended. @param outbox none: its queue is in memory */
async function record(
  { events, name, outbox, queued }: { events: number; name: string; outbox: string; queued: string[] },
  onLine: (child: ChildProcess, lines: number) => void,
) {
  const child = spawn(process.execPath, [...script, it.url, outbox, String(events), name], {
    env: { PATH: process.env.PATH, DDC_TEST_APP: toHex(app.publicKey), DDC_TEST_PHRASE: PHRASE },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('queued ')) queued.push(line.slice(7));
    onLine(child, ++lines);
  }
  await closed;
  return child;
}

const killedAfter = (line: number, ms: number) => (child: ChildProcess, lines: number) => {
  if (lines === line) setTimeout(() => child.kill('SIGKILL'), ms);
};

/** What the wallet can read: event id and batch of each. */
async function readAll() {
  const ddc = await Ddc.connect({ url: it.url, app: app.publicKey, account: await accountFromPhrase(PHRASE) });
  const found: { id: string; batchId: string; source: string; seq: number }[] = [];
  for await (const { id, batchId, disclosure } of ddc.events({ scopes: ['purchase'] })) {
    const { source, seq } = disclosure.header;
    found.push({ id, batchId, source, seq });
  }
  await ddc.close();
  return found;
}

test(`killed ${KILLS} times where it happens to be, a process loses nothing that it was told is queued, and nothing comes twice`, async () => {
  const rooms = memoryRooms(it, it.vault);
  const working = setInterval(() => void rooms.run(), 25);
  const queued: string[] = [];
  const outbox = join(folder, 'outbox');
  const forgotten: string[] = [];
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const after = 1 + Math.floor(Math.random() * MOST_LINES);
      // From the line to the signal passes what the machine likes to.
      const kills = killedAfter(after, Math.random() * 25);
      const child = await record({ events: 1_000, name: `run ${kill}`, outbox, queued }, kills);
      expect(child.signalCode).toBe('SIGKILL');
    }
    const last = await record({ events: 3, name: 'last', outbox, queued }, () => undefined);
    expect(last.exitCode).toBe(0);
    // Control: without a file, what was queued at the kill is gone.
    await record({ events: 1_000, name: 'control', outbox: '', queued: forgotten }, killedAfter(MOST_LINES, 0));
  } finally {
    clearInterval(working);
  }
  await rooms.run();
  expect(rooms.dead).toEqual([]);
  expect(queued.length).toBeGreaterThan(KILLS);

  const found = await readAll();
  const copies = new Map<string, number>();
  for (const { id } of found) copies.set(id, (copies.get(id) ?? 0) + 1);
  expect(queued.filter((id) => !copies.has(id))).toEqual([]);
  expect([...copies].filter(([, times]) => times > 1)).toEqual([]);
  expect(forgotten.filter((id) => !copies.has(id)).length).toBeGreaterThan(0);

  // One source for all processes of the outbox, and it counts without gaps.
  const source = found.find(({ id }) => id === queued[0])?.source;
  const seqs = new Set(found.filter((one) => one.source === source).map(({ seq }) => seq));
  expect([...seqs].sort((a, b) => a - b)).toEqual([...seqs].map((_, i) => i));
  expect(queued.every((id) => found.some((one) => one.id === id && one.source === source))).toBe(true);
}, 240_000);
