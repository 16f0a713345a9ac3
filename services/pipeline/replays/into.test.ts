import { expect, test } from '@jest/globals';
import { createMemoryExports } from '../../../connectors/postgres/memory-exports.ts';
import { createMemoryReplays } from '../../../connectors/postgres/memory-replays.ts';
import { someDeclaration } from '../../../test/contract/exports.ts';
import { someReplay } from '../../../test/contract/replays.ts';
import type { ReplayJob } from '../ports/replays.ts';
import { resumeExport } from './into.ts';

const lease = { holder: 'a room', until: 100 };

test.each<[string, Partial<ReplayJob>, boolean]>([
  ['waits', { state: 'pending' }, false],
  ['runs', { state: 'running', lease }, false],
  ['is paused: it may go on', { state: 'paused' }, false],
  ['has failed: it may go on', { state: 'failed' }, false],
  ['is cancelled, and still at work', { state: 'cancelled', lease }, false],
  ['is cancelled, by who was not heard of since', { state: 'cancelled', lease: { ...lease, until: 50 } }, true],
  ['is cancelled', { state: 'cancelled' }, true],
  ['is done', { state: 'done' }, true],
])('an export goes on when no replay fills it: one %s', async (_, change, goesOn) => {
  const [exports, replays] = [createMemoryExports(), createMemoryReplays()];
  const sales = await exports.add(someDeclaration({ name: 'sales' }), 'paused');
  const other = await exports.add(someDeclaration({ name: 'other' }), 'paused');
  await replays.add({ ...someReplay('0a', new Uint8Array(32)), ...change });
  const edges = { exports, replays, now: () => 60 };
  const resumed = resumeExport(edges, sales);
  if (goesOn) expect(await resumed).toMatchObject({ name: 'sales', state: 'running' });
  else {
    const message = expect.stringContaining('Wait until it is done, or cancel it (`ddc replay cancel 0a`)');
    await expect(resumed).rejects.toMatchObject({ code: 'export_replayed', message });
    expect(await exports.find('sales')).toMatchObject({ state: 'paused' });
  }
  expect(await resumeExport(edges, other)).toMatchObject({ state: 'running' });
});
