import { expect, test } from '@jest/globals';
import { MemoryLog } from '../../../connectors/kafka/memory-log.ts';
import { memoryCodecs } from '../../../connectors/registry/index.ts';
import { createMemoryRemovalHistory } from '../../../connectors/vault/memory-removal-history.ts';
import { memoryKeyTables } from '../../../connectors/vault/memory-tables.ts';
import type { Removal } from '../../../schemas/index.ts';
import { removalsRequested } from '../../../topics/removals-requested.ts';
import type { Selector } from '../../pipeline/rules/removal.ts';
import { reapplyRemovals } from './reapply.ts';
import { recordOf } from './removal-record.ts';

const id = (n: number, length: number) => {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(length - 4, n);
  return bytes;
};
const removal = (n: number, over: Partial<Removal> = {}): Removal => ({
  id: id(n, 16),
  app: id(1, 32),
  wallet: id(n, 32),
  kind: 'erase',
  fence: n,
  rootVersions: [1],
  issuedAt: n,
  selector: null,
  ...over,
});

test('the log is taken in by pages, each record once; from the start on demand; what says nothing is passed over; removals of single events as well', async () => {
  const log = new MemoryLog();
  const topic = removalsRequested.name;
  log.createTopic(topic, 1);
  const codec = await memoryCodecs().for(removalsRequested);
  const tables = memoryKeyTables();
  const history = createMemoryRemovalHistory(tables);
  const send = (records: readonly Removal[]) =>
    log.writer().send(
      topic,
      0,
      records.map((one) => ({ key: one.wallet, value: codec.encode(one) })),
    );
  const reapply = (from?: number) =>
    reapplyRemovals({ log: log.lookup(), topic, codec, history, now: () => 1_000 }, from);

  expect(await reapply()).toEqual({ read: 0, removals: 0, roots: 0 });
  await send(Array.from({ length: 1_100 }, (_, n) => removal(n)));
  await send([removal(5_000, { kind: 'remove', fence: null, rootVersions: [] })]);
  expect(await reapply()).toEqual({ read: 1_101, removals: 1_100, roots: 1_100 });
  expect(await history.next()).toBe(1_101);
  expect(tables.erasures).toHaveLength(1_100);

  await send([removal(6_000, { rootVersions: [1, 2] })]);
  expect(await reapply()).toEqual({ read: 1, removals: 1, roots: 2 });
  expect(await reapply()).toEqual({ read: 0, removals: 0, roots: 0 });
  expect(await reapply(0)).toEqual({ read: 1_102, removals: 0, roots: 0 });

  const wallet = id(7_000, 32);
  const selectors: Selector[] = [{ events: ['e'] }, { from: 1, to: 2 }, { session: 'ab'.repeat(32) }];
  const removes = selectors.map((selector, n) => ({
    id: id(7_000 + n, 16),
    app: id(1, 32),
    wallet,
    issuedAt: n,
    selector,
  }));
  await send(removes.map(recordOf));
  expect(await reapply()).toEqual({ read: 3, removals: 3, roots: 0 });
  expect(tables.removals).toEqual(removes.map((one) => ({ ...one, taken: true })));
  expect(await reapply(0)).toEqual({ read: 1_105, removals: 0, roots: 0 });
});
