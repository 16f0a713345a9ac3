import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createMemoryUsage } from '../../connectors/postgres/memory-usage.ts';
import { createQuotas } from '../../services/api/limits/quotas.ts';
import { app as appKeys, type MemoryApi, startMemoryApi } from '../../test/support/api.ts';
import { memoryRooms } from '../../test/support/memory-rooms.ts';
import { accountFromPhrase, ClientClosed, Ddc, type Held } from './index.ts';
import { fileQueue } from './node/index.ts';

const PERIOD = 30 * 86_400;
const TIERS = {
  free: { operations: 2, periodSeconds: PERIOD },
  premium: { operations: null, periodSeconds: PERIOD },
};
let it: MemoryApi;
let working: ReturnType<typeof setInterval>;
let ahead = 0;
const folder = mkdtempSync(join(tmpdir(), 'ddc-held-'));

beforeAll(async () => {
  it = await startMemoryApi({ quotas: createQuotas(createMemoryUsage(), TIERS, () => Date.now() + ahead) });
  const rooms = memoryRooms(it, it.vault);
  working = setInterval(() => void rooms.run(), 10);
});
afterAll(async () => {
  clearInterval(working);
  await it.api.close();
  rmSync(folder, { recursive: true, force: true });
});

test('events that a spent quota holds back stay in the queue, the application is told, and the next period takes them', async () => {
  const account = await accountFromPhrase(
    'bottom drive obey lake curtain smoke basket hold race lonely fit walk//held',
  );
  const connecting = { url: it.url, app: appKeys.publicKey, account, queue: fileQueue(folder) };
  let tell: (held: Held) => void = () => undefined;
  const told = new Promise<Held>((resolve) => {
    tell = resolve;
  });
  const lost: string[] = [];
  const onLost = ({ eventId }: { eventId: string }) => void lost.push(eventId);
  const first = await Ddc.connect({ ...connecting, maxEvents: 2, onHeld: (held) => tell(held), onLost });
  const taken = [first.record('X', { n: 1 }), first.record('X', { n: 2 })];
  await Promise.all(taken);
  const waiting = first.record('X', { n: 3 });
  void first.flush();
  const { code, message, retryInMs } = await told;
  expect([code, first.counts.held]).toEqual(['quota_exceeded', 1]);
  expect(message).toContain('0 of the 2 events of this period are left');
  // The period lasts a month: whoever buys more quota does not wait for its end.
  expect(retryInMs).toBeLessThanOrEqual(15 * 60_000);
  expect(lost).toEqual([]);
  await first.close();
  await expect(waiting).rejects.toThrow(ClientClosed);

  ahead = PERIOD * 1_000;
  const second = await Ddc.connect({ ...connecting, onLost });
  await second.flush();
  const found = [];
  for await (const event of second.events()) found.push([event.id, event.disclosure.header.seq]);
  expect(found.sort()).toEqual([...taken.map(({ eventId }) => [eventId, 0]), [waiting.eventId, 1]].sort());
  expect([second.counts.held, lost]).toEqual([0, []]);
  await second.close();
});
