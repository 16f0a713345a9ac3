import { expect, test } from '@jest/globals';
import { toHex } from '../../../protocol/index.ts';
import type { NamedErasure } from '../../pipeline/ports/erasures.ts';
import { START } from '../../pipeline/ports/positions.ts';
import type { NamedRemove, OrderState } from '../../pipeline/ports/removals.ts';
import type { HeldRow, HeldRows } from '../../pipeline/ports/sink.ts';

import { selects } from '../../pipeline/rules/removal.ts';
import { type Asked, type VerifyEdges, verifyErasure } from './verify-erasure.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const APP = bytes(32, 1);
const NOW = 1_000_000;

const row = (wallet: number, slot: number, over: Partial<HeldRow> = {}): HeldRow => ({
  ...{ app: toHex(APP), wallet: toHex(bytes(32, wallet)), batchId: 'b', slot, eventId: `e${wallet}${slot}` },
  ...{ time: 500, session: null, issuedAt: 100, origin: 10, ...over },
});
const order = (kind: OrderState['kind'], wallet: number, id: number, reportedAt: number | null): OrderState => ({
  ...{ kind, app: APP, wallet: bytes(32, wallet), id: bytes(16, id), issuedAt: NOW - 1_000, reportedAt },
});
const erasure = ({ kind: _, reportedAt: __, ...one }: OrderState, fence: number | null): NamedErasure => ({
  ...{ ...one, fence, issuedAt: 50, rootVersions: [1] },
});

interface World {
  readonly rows?: readonly HeldRows[];
  readonly orders?: readonly OrderState[];
  readonly erasures?: readonly NamedErasure[];
  readonly removes?: readonly NamedRemove[];
  readonly over?: Partial<VerifyEdges>;
}

async function check({ rows = [], orders = [], erasures = [], removes = [], over = {} }: World, asked: Asked = {}) {
  const order = new Set(orders.map(({ id }) => toHex(id)));
  return verifyErasure(
    {
      ...{ name: 'x', app: toHex(APP), sink: 'memory', delivered: [], now: () => NOW },
      async open() {
        return {
          async held(show) {
            for (const some of rows) await show(some);
          },
          position: async () => START,
          close: async () => undefined,
        };
      },
      erasures: { all: async () => [...erasures] },
      removedEvents: {
        of: async (events) =>
          events.map(
            (event) =>
              removes.find((one) => toHex(one.wallet) === toHex(event.wallet) && selects(one, one, event)) ?? null,
          ),
      },
      reports: {
        orders: async (_name, _app, wallet) =>
          orders.filter((one) => (!wallet || toHex(one.wallet) === toHex(wallet)) && order.has(toHex(one.id))),
      },
      ...over,
    },
    asked,
  );
}
const place = (rows: readonly HeldRow[], over: Partial<HeldRows> = {}): HeldRows => ({
  ...{ table: 'SALE', place: 'a file', rows, ...over },
});

test('what an applied erasure reaches is found and named; rows behind its fence and of others are not', async () => {
  const erased = order('erase', 2, 7, NOW - 500);
  const rows = [row(2, 0, { origin: 9 }), row(2, 1, { origin: 10 }), row(3, 0), row(2, 2, { issuedAt: 50 })];
  const found = await check({ rows: [place(rows)], orders: [erased], erasures: [erasure(erased, 10)] });
  expect(found).toMatchObject({
    outcome: 'found',
    orders: { erasures: 1, removals: 0, reported: 1 },
    lastReportedAt: NOW - 500,
    tables: [{ table: 'SALE', rows: 4, asked: 4, found: 2, waiting: 0, leaving: 0 }],
    findings: [
      { place: 'a file', eventId: 'e20', by: 'erasure', request: '07'.repeat(16), reportedAt: NOW - 500 },
      { place: 'a file', eventId: 'e22', by: 'erasure' },
    ],
  });
  const clean = await check({ rows: [place(rows.slice(1, 3))], orders: [erased], erasures: [erasure(erased, 10)] });
  expect(clean).toMatchObject({ outcome: 'clean', findings: [] });
});

test('what an applied removal reaches is found; what was recorded again after it is not', async () => {
  const removed = order('remove', 2, 8, NOW);
  const removes = [{ ...removed, issuedAt: 100, selector: { events: ['e20', 'e21'] } }];
  const rows = [row(2, 0), row(2, 1, { issuedAt: 101 }), row(2, 3)];
  const found = await check({ rows: [place(rows)], orders: [removed], removes });
  expect(found.findings).toMatchObject([{ eventId: 'e20', by: 'removal', request: '08'.repeat(16) }]);
});

test('what the export has not applied yet is waiting, and late after a minute', async () => {
  const erased = order('erase', 2, 7, null);
  const world = { rows: [place([row(2, 0)])], orders: [erased], erasures: [erasure(erased, null)] };
  expect(await check(world)).toMatchObject({ outcome: 'clean', tables: [{ found: 0, waiting: 1 }] });
  const later = await check({ ...world, over: { now: () => NOW + 60_000 } });
  expect(later).toMatchObject({ outcome: 'late', findings: [{ eventId: 'e20', reportedAt: null }] });
});

test('an order that was committed after the look began reaches nothing', async () => {
  const erased = order('erase', 2, 7, NOW);
  const removed = order('remove', 2, 8, NOW);
  const removes = [{ ...removed, issuedAt: 100, selector: { events: ['e20'] } }];
  expect(await check({ rows: [place([row(2, 0)])], erasures: [erasure(erased, 99)], removes })).toMatchObject({
    outcome: 'clean',
  });
});

test('deleted rows that are not wiped yet are counted, and are no finding', async () => {
  const erased = order('erase', 2, 7, NOW);
  const rows = [place([row(3, 0)]), place([row(2, 0)], { leaving: true })];
  const counts = { rows: 1, asked: 1, found: 0, leaving: 1 };
  expect(await check({ rows, orders: [erased], erasures: [erasure(erased, 99)] })).toMatchObject({
    outcome: 'clean',
    tables: [counts],
  });
});

test('asked about a wallet or events, it counts theirs', async () => {
  const [one, two] = [order('erase', 2, 7, NOW), order('erase', 3, 7, NOW)];
  const world = {
    rows: [place([row(2, 0), row(2, 1), row(3, 0)])],
    orders: [one, two],
    erasures: [erasure(one, 99), erasure(two, 99)],
  };
  const ofWallet = await check(world, { wallet: toHex(bytes(32, 3)) });
  expect(ofWallet).toMatchObject({ orders: { erasures: 1 }, tables: [{ rows: 3, asked: 1, found: 1 }] });
  const ofEvent = await check(world, { events: ['e21'] });
  expect(ofEvent).toMatchObject({ findings: [{ eventId: 'e21' }], tables: [{ rows: 3, asked: 1, found: 1 }] });
});

test('a target that cannot be read back says so, with what it was told', async () => {
  const orders = [order('erase', 2, 7, NOW - 2), order('remove', 2, 8, NOW - 1), order('remove', 2, 9, null)];
  const told = { orders: { erasures: 1, removals: 2, reported: 2 }, lastReportedAt: NOW - 1, outcome: 'told' };
  const blind = { open: async () => ({ position: async () => START, close: async () => undefined }) };
  expect(await check({ orders, over: blind })).toMatchObject({ ...told, reason: 'the target cannot be read back' });
  expect(await check({ orders, over: { ...blind, now: () => NOW + 60_000 } })).toMatchObject({ outcome: 'late' });
  expect(await check({ orders, over: { open: null } })).toMatchObject({
    ...told,
    reason: expect.stringContaining('not declared'),
  });
});

test('one that cannot be read now says why, and what it found before that', async () => {
  const closed: string[] = [];
  const erased = order('erase', 2, 7, NOW);
  const failing = (rows: readonly HeldRow[]) => ({
    open: async () => ({
      async held(show: (some: HeldRows) => Promise<void>) {
        await show(place(rows));
        throw new Error('the disk is gone');
      },
      position: async () => START,
      close: async () => void closed.push('closed'),
    }),
  });
  const world = { orders: [erased], erasures: [erasure(erased, 99)] };
  expect(await check({ ...world, over: failing([row(3, 0)]) })).toMatchObject({
    outcome: 'unread',
    reason: 'the disk is gone',
  });
  expect(await check({ ...world, over: failing([row(2, 0)]) })).toMatchObject({ outcome: 'found' });
  expect(closed).toHaveLength(2);
});

test('an output that knows nothing of what was delivered is not the output', async () => {
  expect(await check({ over: { delivered: [3] } })).toMatchObject({
    outcome: 'unread',
    reason: expect.stringContaining('partition 3'),
  });
});
