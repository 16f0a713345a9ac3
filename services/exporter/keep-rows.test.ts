import { expect, test } from '@jest/globals';
import { createMemoryRemovedEvents } from '../../connectors/vault/memory-removed-events.ts';
import { memoryKeyTables } from '../../connectors/vault/memory-tables.ts';
import { fromHex } from '../../protocol/index.ts';
import type { OwnedEvent } from '../pipeline/ports/removed-events.ts';
import type { ExportRow } from '../pipeline/ports/sink.ts';
import { keepRows } from './keep-rows.ts';

const APP = 'a1'.repeat(32);
const idOf = (n: number) => `0199dd8d-cba7-7d22-9453-${String(n).padStart(12, '0')}`;
const row = (wallet: string, n: number) =>
  ({ app: APP, wallet: wallet.repeat(32), eventId: idOf(n), time: n, session: null, issuedAt: 5 }) as ExportRow;

test('leaves out what is removed, and asks only about rows of owners of whom something was', async () => {
  const tables = memoryKeyTables();
  const removed = createMemoryRemovedEvents(tables);
  const asked: OwnedEvent[] = [];
  const keep = keepRows({
    any: removed.any,
    of: (events) => {
      asked.push(...events);
      return removed.of(events);
    },
  });
  // Owners take turns, as batches of several do.
  const rows = [row('01', 1), row('02', 2), row('01', 3), row('03', 4), row('02', 5), row('02', 6)];
  expect(await keep(rows)).toEqual(rows);
  expect(asked).toEqual([]);

  const remove = (wallet: string, selector: { events: string[] } | { from: number; to: number }, issuedAt = 9) =>
    tables.removals.push({
      ...{ app: fromHex(APP), wallet: fromHex(wallet.repeat(32)), id: new Uint8Array(16), issuedAt, selector },
    });
  remove('02', { events: [idOf(5)] });
  remove('03', { from: 0, to: 3 });
  expect((await keep(rows)).map(({ eventId }) => eventId)).toEqual([1, 2, 3, 4, 6].map(idOf));
  expect(asked.map(({ id }) => id)).toEqual([2, 4, 5, 6].map(idOf));
  // What was signed after a removal is not meant by it.
  remove('01', { from: 0, to: 9 }, 4);
  expect((await keep(rows)).map(({ eventId }) => eventId)).toEqual([1, 2, 3, 4, 6].map(idOf));
  expect(await keep([])).toEqual([]);
});
