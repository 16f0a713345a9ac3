import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  makeSink,
  type SeenRow,
  type SinkContext,
  type SinkSpec,
  type SinkStep,
  type SinkTrial,
} from '../../services/pipeline/define-sink.ts';
import { START } from '../../services/pipeline/ports/positions.ts';
import type {
  Delivery,
  ExportRow,
  HeldRow,
  HeldRows,
  KeepRows,
  RowOwner,
  RowSelection,
  Sink,
} from '../../services/pipeline/ports/sink.ts';
import { sessionMarkOf } from '../../services/pipeline/rules/removal.ts';
import { seen, shown } from '../support/seen-rows.ts';
import { targetOf } from '../support/targets.ts';
import { EVENTS, KIND_VALUES, KINDS, REJECTED, SALES_1, SALES_3, TABLES } from './sink-tables.ts';

const APP = 'a1'.repeat(32);
const MINE = { log: 'f6'.repeat(16), name: 'purchases' };

function row(origin: number, slot: number, fields: Partial<ExportRow> = {}): ExportRow {
  return {
    app: APP,
    wallet: 'b2'.repeat(32),
    batchId: origin.toString(16).padStart(64, '0'),
    eventId: `01900000-0000-7000-8000-${String(origin * 1000 + slot).padStart(12, '0')}`,
    type: 'purchase',
    time: Date.UTC(2026, 0, 1 + (slot % 3), 12, 0, 0, 123),
    session: slot % 2 === 0 ? 'session "1"' : null,
    blob: null,
    signer: 'wallet',
    source: 'c3'.repeat(16),
    seq: origin,
    slot,
    origin,
    partition: 0,
    issuedAt: 1_000,
    verified: true,
    table: EVENTS,
    values: {
      scope_purchase: '{"amount":"12.30"}',
      scope___default_scope: slot === 1 ? 'naïve\u2028text\n' : null,
    },
    ...fields,
  };
}

const rowsOf = (first: number, last: number, fields: Partial<ExportRow> = {}) =>
  Array.from({ length: last - first + 1 }, (_, i) => [0, 1, 2].map((slot) => row(first + i, slot, fields))).flat();

function delivery(first: number, last: number, partition = 0): Delivery {
  return { partition, from: { next: first, mark: first - 1 }, to: { next: last + 1, mark: last }, first, last };
}

/** Of whoever wrote the rows of `row`, all of them, unless said otherwise. */
const erasureOf = (fields: Partial<RowOwner> = {}): RowOwner => ({
  app: APP,
  wallet: row(0, 0).wallet,
  before: 1_000,
  issuedAt: 1_000,
  ...fields,
});

/** Of whoever wrote the rows of `row`, signed when those were. */
const removalOf = (selector: RowSelection['selector'], fields: Partial<RowSelection> = {}): RowSelection => ({
  app: APP,
  wallet: row(0, 0).wallet,
  issuedAt: 1_000,
  selector,
  ...fields,
});
const sessionOf = (session: string, wallet = row(0, 0).wallet) => ({
  session: sessionMarkOf({ app: APP, wallet }, session),
});

const DAY_MS = 86_400_000;
/** A target may have to be built first. */
const TARGET_MS = 300_000;
/** For tens of thousands of anything, in a cluster on a busy machine too. */
const MANY_MS = 120_000;

class Crash extends Error {}

/** What every sink promises, whatever it writes to. */
export function sinkContract(spec: SinkSpec): void {
  describe(`sink ${spec.name}`, () => {
    let scratch: string;
    let trial: SinkTrial;
    const opened: Sink[] = [];

    async function openWith(reach: NonNullable<SinkContext['reach']>): Promise<Sink> {
      const sink = makeSink(spec, trial.config, { ...MINE, reach, ...trial.context });
      opened.push(sink);
      await sink.check();
      return sink;
    }

    const open = (crashAt?: SinkStep) =>
      openWith((step) => {
        if (step === crashAt) throw new Crash(step);
      });

    /** A member that falls asleep the first time it reaches a step, until it is woken. */
    async function openSleeper(sleepAt: SinkStep) {
      let fallAsleep = () => {};
      let wake = () => {};
      const asleep = new Promise<void>((resolve) => {
        fallAsleep = resolve;
      });
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      let sleeping = false;
      const sink = await openWith((step) => {
        if (step === sleepAt) {
          sleeping = true;
          fallAsleep();
        }
        if (sleeping) return woken;
      });
      return { sink, asleep, wake };
    }

    /** What the positions count, and what else is there where they cannot be moved together with the rows. */
    async function counted(): Promise<SeenRow[]> {
      const rows = await trial.rows(TABLES);
      const [sink] = opened;
      if (!trial.early || !sink) return rows;
      const marks = new Map<number, number>();
      for (const partition of new Set(rows.map((one) => one.partition)))
        marks.set(partition, (await sink.position(partition)).mark);
      return rows.filter(({ partition, origin }) => origin <= (marks.get(partition) ?? -1));
    }

    const shows = async (rows: readonly ExportRow[]) => expect(seen(await counted())).toEqual(shown(rows));

    beforeEach(async () => {
      scratch = await mkdtemp(join(tmpdir(), `ddc-sink-${spec.name}-`));
      trial = await spec.trial(scratch, targetOf);
    }, TARGET_MS);

    afterEach(async () => {
      for (const sink of opened.splice(0)) await sink.close();
      await trial.close?.();
      await rm(scratch, { recursive: true, force: true });
    });

    it('starts at the beginning, holding nothing', async () => {
      const sink = await open();
      expect(await sink.position(0)).toEqual(START);
      await shows([]);
    });

    it.each([
      ['the positions of another log', 'another_log', { log: '00'.repeat(16) }],
      [
        'the target of another export, whose deliveries it would take for its own',
        'another_export',
        { name: 'logins' },
      ],
    ])('refuses to go on with %s', async (_, code, theirs) => {
      await (await open()).put(rowsOf(0, 1), delivery(0, 1));
      const other = makeSink(spec, trial.config, { ...MINE, ...theirs, ...trial.context });
      opened.push(other);
      await expect(other.check()).rejects.toMatchObject({ code });
      await expect(open()).resolves.toBeDefined();
    });

    it('shows exactly the rows that were put, and keeps its position over a restart', async () => {
      const sink = await open();
      expect(await sink.put(rowsOf(0, 4), delivery(0, 4))).toBe(true);
      expect(await sink.put(rowsOf(5, 6), delivery(5, 6))).toBe(true);
      const again = await open();
      expect(await again.position(0)).toEqual({ next: 7, mark: 6 });
      expect(await again.position(1)).toEqual(START);
      await shows(rowsOf(0, 6));
    });

    it('keeps every value of every type as it was, and null where there was none', async () => {
      const sink = await open();
      const rows = KIND_VALUES.map((values, slot) => row(0, slot, { type: KINDS.name, table: KINDS, values }));
      expect(await sink.put(rows, delivery(0, 0))).toBe(true);
      await shows(rows);
    });

    /** Of one delivery: four tables, one of them in two versions. */
    const mixed = (origin: number): ExportRow[] => [
      row(origin, 0),
      row(origin, 1, { table: SALES_1, values: { amount: -1n } }),
      row(origin, 2, { table: SALES_3, values: { amount: 1250n, extra: '{"a":1}', shop_id: 7n } }),
      row(origin, 3, { table: REJECTED, values: { of: 'Sale', reason: 'not_a_number', detail: 'amount is "x"' } }),
      row(origin, 4, { table: KINDS, values: KIND_VALUES[0] ?? {} }),
    ];

    it('takes rows of several tables in one delivery, and a later version of one that has more columns', async () => {
      const sink = await open();
      expect(await sink.put(mixed(0), delivery(0, 0))).toBe(true);
      // A table that was there, of both versions, in whichever order they come.
      const later = [
        row(1, 0, { table: SALES_3, values: { amount: 1n, shop_id: -1n } }),
        row(1, 1, { table: SALES_1, values: { amount: 2n } }),
      ];
      expect(await sink.put(later, delivery(1, 1))).toBe(true);
      const next = await open();
      const last = row(2, 0, { table: { ...SALES_1 }, values: { amount: 3n, extra: '' } });
      expect(await next.put([last], delivery(2, 2))).toBe(true);
      await shows([...mixed(0), ...later, last]);
    });

    it('erases an owner in every table and version', async () => {
      const sink = await open();
      const gone = { wallet: 'd4'.repeat(32) };
      const theirs = mixed(1).map((one) => ({ ...one, ...gone }));
      await sink.put([...mixed(0), ...theirs], delivery(0, 1));
      const nobody = erasureOf({ wallet: 'd5'.repeat(32), before: 2 });
      const order = erasureOf({ ...gone, before: 2 });
      expect(await sink.erase([nobody, order])).toEqual([0, 5]);
      await shows(mixed(0));
      expect(await sink.erase([nobody, order])).toEqual([0, 0]);
    });

    it('counts the rows of each owner that it erases, up to his fence', async () => {
      const sink = await open();
      const [one, two] = ['d4', 'd5'].map((byte) => ({ wallet: byte.repeat(32) }));
      await sink.put([...rowsOf(0, 1, one), ...rowsOf(2, 3, two)], delivery(0, 3));
      expect(await sink.erase([erasureOf({ ...one, before: 1 }), erasureOf({ ...two, before: 4 })])).toEqual([3, 6]);
      expect(await sink.erase([erasureOf({ ...two, before: 9 })])).toEqual([0]);
      await shows(rowsOf(1, 1, one));
    });

    /** What another process reads back that has not opened the target as members do. */
    async function held(): Promise<readonly HeldRows[]> {
      const sink = makeSink(spec, trial.config, { ...MINE, ...trial.context });
      const found: HeldRows[] = [];
      try {
        await sink.held?.(async (some) => void found.push(some));
      } finally {
        await sink.close();
      }
      return found;
    }
    const heldOf = ({ table, ...row }: ExportRow): HeldRow & { readonly table: string } => {
      const { app, wallet, batchId, slot, eventId, time, session, issuedAt, origin } = row;
      return { table: table.name, app, wallet, batchId, slot, eventId, time, session, issuedAt, origin };
    };
    const inOrder = <T extends HeldRow>(rows: readonly T[]): T[] =>
      [...rows].sort((a, b) => a.origin - b.origin || a.slot - b.slot);
    const shownIn = (found: readonly HeldRows[]) =>
      inOrder(
        found.filter(({ leaving }) => !leaving).flatMap(({ table, rows }) => rows.map((one) => ({ table, ...one }))),
      );

    it('reads back from the target whose every row is, and says where it lies, unless it cannot', async () => {
      if (trial.blind) {
        expect((await open()).held).toBeUndefined();
        return;
      }
      expect(await held()).toEqual([]);
      const sink = await open();
      expect(await held()).toEqual([]);
      const gone = { wallet: 'd4'.repeat(32) };
      const kept = [...mixed(0), ...mixed(1)];
      await sink.put([...kept, ...mixed(2).map((one) => ({ ...one, ...gone }))], delivery(0, 2));
      await sink.erase([erasureOf({ ...gone, before: 3 })]);
      const found = await held();
      expect(shownIn(found)).toEqual(inOrder(kept.map(heldOf)));
      expect(found.filter(({ place }) => place === '')).toEqual([]);
      await sink.remove([removalOf({ events: mixed(1).map(({ eventId }) => eventId) })]);
      expect(shownIn(await held())).toEqual(inOrder(mixed(0).map(heldOf)));
    });

    it(
      'reads thousands of rows back, each once where nothing changes meanwhile',
      async () => {
        const sink = await open();
        const rows = Array.from({ length: 6_001 }, (_, slot) => row(0, slot, { time: 0 }));
        await sink.put(rows, delivery(0, 0));
        expect(shownIn(await held())).toEqual(trial.blind ? [] : inOrder(rows.map(heldOf)));
      },
      MANY_MS,
    );

    it('removes single events from every table and version, and leaves the values of the others', async () => {
      const sink = await open();
      await sink.put([...mixed(0), ...mixed(1)], delivery(0, 1));
      const ids = mixed(1).map(({ eventId }) => eventId);
      expect(await sink.remove([removalOf({ events: ids })])).toEqual([5]);
      await shows(mixed(0));
    });

    it('moves its position over a stretch without rows', async () => {
      const sink = await open();
      expect(await sink.put([], delivery(0, 9))).toBe(true);
      expect(await sink.position(0)).toEqual({ next: 10, mark: 9 });
      await shows([]);
    });

    it('takes the same delivery again without effect', async () => {
      const sink = await open();
      await sink.put(rowsOf(0, 2), delivery(0, 2));
      expect(await sink.put(rowsOf(0, 2), delivery(0, 2))).toBe(true);
      await shows(rowsOf(0, 2));
    });

    it('refuses a delivery that starts elsewhere, and shows none of it', async () => {
      const sink = await open();
      await sink.put(rowsOf(0, 2), delivery(0, 2));
      expect(await sink.put(rowsOf(1, 5), delivery(1, 5))).toBe(false);
      expect(await sink.put(rowsOf(0, 5), delivery(0, 5))).toBe(false);
      expect(await sink.position(0)).toEqual({ next: 3, mark: 2 });
      await shows(rowsOf(0, 2));
    });

    it('lets one of two instances deliver the same stretch', async () => {
      const [one, two] = [await open(), await open()];
      const results = await Promise.all([one.put(rowsOf(0, 3), delivery(0, 3)), two.put(rowsOf(0, 5), delivery(0, 5))]);
      expect(results.filter(Boolean)).toHaveLength(1);
      await shows(results[0] ? rowsOf(0, 3) : rowsOf(0, 5));
    });

    it('keeps partitions apart', async () => {
      const sink = await open();
      await sink.put(rowsOf(0, 1), delivery(0, 1, 0));
      await sink.put(rowsOf(0, 1, { partition: 1 }), delivery(0, 1, 1));
      await shows([...rowsOf(0, 1), ...rowsOf(0, 1, { partition: 1 })]);
    });

    it.each<SinkStep>(['staged', 'committed', 'placed'])(
      'loses and doubles nothing when it dies once %s',
      async (step) => {
        const first = await open();
        await first.put(rowsOf(0, 2), delivery(0, 2));
        const dying = await open(step);
        await expect(dying.put(rowsOf(3, 5), delivery(3, 5))).rejects.toThrow(Crash);
        const next = await open();
        const { next: offset } = await next.position(0);
        expect(offset).toBe(step === 'staged' ? 3 : 6);
        await shows(rowsOf(0, offset - 1));
        if (offset === 3) expect(await next.put(rowsOf(3, 5), delivery(3, 5))).toBe(true);
        expect(await next.put(rowsOf(6, 7), delivery(6, 7))).toBe(true);
        await shows(rowsOf(0, 7));
      },
    );

    it('shows nothing of a process that slept while another delivered', async () => {
      const zombie = await open();
      await zombie.put(rowsOf(0, 2), delivery(0, 2));
      const next = await open();
      await next.put(rowsOf(3, 5), delivery(3, 5));
      expect(await zombie.put(rowsOf(3, 4), delivery(3, 4))).toBe(false);
      await shows(rowsOf(0, 5));
    });

    it('erases the rows of an owner and no others, and keeps the position', async () => {
      const sink = await open();
      const gone = { wallet: 'd4'.repeat(32) };
      await sink.put([...rowsOf(0, 1), ...rowsOf(2, 3, gone)], delivery(0, 3));
      await sink.put(rowsOf(4, 4, gone), delivery(4, 4));
      await sink.erase([erasureOf(gone)]);
      await shows(rowsOf(0, 1));
      await sink.erase([erasureOf(gone)]);
      expect(await sink.position(0)).toEqual({ next: 5, mark: 4 });
      expect(await sink.put(rowsOf(5, 5), delivery(5, 5))).toBe(true);
      await shows([...rowsOf(0, 1), ...rowsOf(5, 5)]);
    });

    it('leaves what an owner wrote after coming back', async () => {
      const sink = await open();
      await sink.put(rowsOf(0, 3), delivery(0, 3));
      await sink.put(rowsOf(4, 5), delivery(4, 5));
      await sink.erase([erasureOf({ before: 2 })]);
      await shows(rowsOf(2, 5));
    });

    it('erases only in the app that was named', async () => {
      const sink = await open();
      const other = 'e5'.repeat(32);
      await sink.put([...rowsOf(0, 0), ...rowsOf(1, 1, { app: other })], delivery(0, 1));
      await sink.erase([erasureOf({ app: other })]);
      await shows(rowsOf(0, 0));
    });

    it('finishes an erasure that died half way when it is asked again', async () => {
      const gone = { wallet: 'd4'.repeat(32) };
      const first = await open();
      await first.put([...rowsOf(0, 1), ...rowsOf(2, 3, gone)], delivery(0, 3));
      const dying = await open('rewritten');
      await dying.erase([erasureOf(gone)]).catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
      const next = await open();
      await next.erase([erasureOf(gone)]);
      await shows(rowsOf(0, 1));
    });

    it('erases what a dying delivery had committed', async () => {
      const dying = await open('committed');
      await expect(dying.put(rowsOf(0, 1), delivery(0, 1))).rejects.toThrow(Crash);
      const next = await open();
      await next.erase([erasureOf()]);
      await shows([]);
      expect(await next.position(0)).toEqual({ next: 2, mark: 1 });
    });

    it('takes no owner for erased twice: what came after the fence stays, in whatever order members are told', async () => {
      const [sink, late] = [await open(), await open()];
      await sink.put(rowsOf(0, 3), delivery(0, 3));
      await sink.erase([erasureOf({ before: 2 })]);
      await late.erase([erasureOf({ before: 1, issuedAt: 500 })]);
      await shows(rowsOf(2, 3));
      await late.erase([erasureOf({ before: 3 })]);
      await shows(rowsOf(3, 3));
      await late.erase([erasureOf({ before: 4, issuedAt: 2_000 })]);
      await shows([]);
    });

    it('keeps out, in every member, what comes late of an owner who is erased', async () => {
      const [sink, other] = [await open(), await open()];
      await sink.erase([erasureOf({ before: 2 })]);
      expect(await other.put(rowsOf(0, 3), delivery(0, 3))).toBe(true);
      await shows(rowsOf(2, 3));
    });

    it('shows nothing of an owner who was erased while a member slept over a delivery', async () => {
      const { sink, asleep, wake } = await openSleeper('staged');
      const gone = { wallet: 'd4'.repeat(32) };
      const put = sink.put([...rowsOf(0, 0), ...rowsOf(1, 1, gone)], delivery(0, 1));
      await asleep;
      const other = await open();
      await other.erase([erasureOf({ ...gone, before: 2 })]);
      wake();
      expect(await put).toBe(true);
      await shows(rowsOf(0, 0));
      expect(await other.position(0)).toEqual({ next: 2, mark: 1 });
    });

    it('lets several members apply one erasure at once', async () => {
      const members = await Promise.all([open(), open(), open()]);
      const gone = { wallet: 'd4'.repeat(32) };
      for (let n = 0; n < 6; n += 2)
        await members[0]?.put([...rowsOf(n, n), ...rowsOf(n + 1, n + 1, gone)], delivery(n, n + 1));
      await Promise.all(members.map((member) => member.erase([erasureOf({ ...gone, before: 6 })])));
      await shows([0, 2, 4].flatMap((n) => rowsOf(n, n)));
    });

    it('gets nothing back from a member that slept over its erasure while another erased more', async () => {
      const owners = ['d4', 'd5'].map((byte) => ({ wallet: byte.repeat(32) }));
      const { sink, asleep, wake } = await openSleeper('drafted');
      await sink.put([...rowsOf(0, 0), ...owners.flatMap((gone) => rowsOf(1, 1, gone))], delivery(0, 1));
      const [first, second] = owners.map((gone) => erasureOf({ ...gone, before: 2 })) as [RowOwner, RowOwner];
      const slept = sink.erase([first]);
      await asleep;
      const other = await open();
      await other.erase([second]);
      wake();
      await slept;
      await shows(rowsOf(0, 0));
    }, 20_000);

    it('removes single events by id, by time and by session, counts them once, and keeps its position', async () => {
      const sink = await open();
      await sink.put(rowsOf(0, 1), delivery(0, 1));
      await sink.put(rowsOf(2, 3), delivery(2, 3));
      const id = (origin: number, slot: number) => row(origin, slot).eventId;
      const day = { from: Date.UTC(2026, 0, 2), to: Date.UTC(2026, 0, 3) };
      const selections = [
        removalOf({ events: [id(0, 1), id(3, 0), 'nobody has it'] }),
        removalOf(day),
        removalOf({ events: [id(0, 1)] }),
        removalOf({ events: [id(2, 0)] }, { wallet: 'd4'.repeat(32) }),
        removalOf({ events: [id(2, 0)] }, { app: 'e5'.repeat(32) }),
      ];
      expect(await sink.remove(selections)).toEqual([2, 3, 0, 0, 0]);
      const left = rowsOf(0, 3).filter(({ slot, origin }) => slot !== 1 && !(origin === 3 && slot === 0));
      await shows(left);
      expect(await sink.remove(selections)).toEqual([0, 0, 0, 0, 0]);
      expect(await sink.remove([removalOf(sessionOf('session "2"')), removalOf(sessionOf('session "1"'))])).toEqual([
        0, 7,
      ]);
      await shows([]);
      expect(await sink.position(0)).toEqual({ next: 4, mark: 3 });
      expect(await sink.put(rowsOf(4, 4), delivery(4, 4))).toBe(true);
      await shows(rowsOf(4, 4));
    });

    it('removes what was signed until the removal was, and leaves what is recorded again', async () => {
      const sink = await open();
      const again = { issuedAt: 2_000 };
      await sink.put([...rowsOf(0, 0), ...rowsOf(1, 1, again)], delivery(0, 1));
      const everything = { from: 0, to: Date.UTC(2030, 0) };
      expect(await sink.remove([removalOf(everything, { issuedAt: 999 })])).toEqual([0]);
      expect(await sink.remove([removalOf(everything, { issuedAt: 1_999 })])).toEqual([3]);
      await shows(rowsOf(1, 1, again));
    });

    const without =
      (...slots: number[]): KeepRows =>
      async (rows) =>
        rows.filter(({ slot }) => !slots.includes(slot));

    it('delivers only what may be shown', async () => {
      const sink = await open();
      expect(await sink.put(rowsOf(0, 1), delivery(0, 1), without(1))).toBe(true);
      await shows(rowsOf(0, 1).filter(({ slot }) => slot !== 1));
    });

    it('asks again what may be shown when something was removed while a member slept over a delivery', async () => {
      const { sink, asleep, wake } = await openSleeper('staged');
      let gone: number[] = [];
      const put = sink.put(rowsOf(0, 1), delivery(0, 1), (rows) => without(...gone)(rows));
      await asleep;
      const other = await open();
      gone = [2];
      expect(await other.remove([removalOf({ events: [row(0, 2).eventId, row(1, 2).eventId] })])).toEqual([0]);
      wake();
      expect(await put).toBe(true);
      await shows(rowsOf(0, 1).filter(({ slot }) => slot !== 2));
      expect(await other.position(0)).toEqual({ next: 2, mark: 1 });
    });

    it('finishes a removal that died half way when it is asked again', async () => {
      const first = await open();
      await first.put(rowsOf(0, 1), delivery(0, 1));
      const selection = removalOf(sessionOf('session "1"'));
      const dying = await open('rewritten');
      await dying.remove([selection]).catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
      const next = await open();
      await next.remove([selection]);
      await shows(rowsOf(0, 1).filter(({ slot }) => slot === 1));
    });

    it(
      'removes tens of thousands of events in one go',
      async () => {
        const sink = await open();
        await sink.put(rowsOf(0, 3), delivery(0, 3));
        const selections = Array.from({ length: 300 }, (_, n) =>
          removalOf(
            { events: Array.from({ length: 100 }, (_, i) => row(n + 1, i).eventId) },
            n % 2 ? { wallet: 'd4'.repeat(32) } : {},
          ),
        );
        const counts = await sink.remove(selections);
        expect([counts[0], counts[1], counts[2], counts.length]).toEqual([3, 0, 3, 300]);
        await shows([...rowsOf(0, 0), ...rowsOf(2, 2)]);
      },
      MANY_MS,
    );

    it(
      'erases tens of thousands of owners in one go',
      async () => {
        const sink = await open();
        await sink.put(rowsOf(0, 3), delivery(0, 3));
        const owners = Array.from({ length: 30_000 }, (_, i) =>
          erasureOf({ wallet: i.toString(16).padStart(64, '0'), before: 9 }),
        );
        await sink.erase([...owners, erasureOf({ before: 2 })]);
        await shows(rowsOf(2, 3));
      },
      MANY_MS,
    );

    it(
      'does not stumble over events of very many days in one delivery',
      async () => {
        const sink = await open();
        const rows = Array.from({ length: 10_000 }, (_, slot) => row(0, slot, { time: slot * DAY_MS }));
        expect(await sink.put(rows, delivery(0, 0))).toBe(true);
        await shows(rows);
      },
      MANY_MS,
    );
  });
}
