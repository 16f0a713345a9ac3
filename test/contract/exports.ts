import { beforeEach, describe, expect, test } from '@jest/globals';
import { MOST_ATTACHED, MOST_OF_ONE } from '../../services/pipeline/exports/room-for.ts';
import {
  type DeclaredBy,
  type ExportDeclaration,
  type ExportNote,
  type Exports,
  MOST_EXPORTS,
  type StatusChange,
} from '../../services/pipeline/ports/exports.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);
const trouble = { code: 'sink_unavailable', message: 'the disk is full, and it\'s "quoted"', at: 5 };

export const someDeclaration = (over: Partial<ExportDeclaration> = {}): ExportDeclaration => ({
  ...{ name: 'sales', app: key(1), types: null, scopes: ['purchase'], sink: 'parquet', config: { folder: '/x' } },
  ...{ schema: 'typed', from: 'beginning', starts: [], by: 'operator', ...over },
});

/** `open` gives an empty store. */
export function exportsContract(name: string, open: () => Promise<Exports>): void {
  describe(`Exports: ${name}`, () => {
    let exports: Exports;
    beforeEach(async () => {
      exports = await open();
    });
    const added = (over: Partial<ExportDeclaration> = {}) => exports.add(someDeclaration(over), 'running');
    const statusOf = async (id: number) => (await exports.status([id]))[0];

    test('what was declared is found as it was declared', async () => {
      const wanted = someDeclaration({
        ...{
          types: ['PURCHASE', 'naïve "type"'],
          scopes: ['b', 'a'],
          from: 1_770_000_000_000,
          by: `wallet:${'0a'.repeat(32)}`,
        },
        ...{
          starts: [
            { next: 7, mark: 5 },
            { next: 0, mark: -1 },
          ],
          schema: 'text',
          config: { to: { secret: 'w' }, n: [1, null] },
        },
      });
      const { id, createdAt, ...rest } = await exports.add(wanted, 'paused');
      expect(rest).toEqual({ ...wanted, state: 'paused' });
      expect(await exports.find('sales')).toEqual({ ...wanted, id, createdAt, state: 'paused' });
      expect(await exports.find('other')).toBeNull();
    });

    test('a name is taken once, and given anew with another id', async () => {
      const first = await added();
      await expect(added({ app: key(2) })).rejects.toMatchObject({ code: 'name_taken' });
      expect(await exports.forget(first.id)).toBe(false);
      expect(await exports.setState(first.id, 'ending')).toMatchObject({ id: first.id, state: 'ending' });
      await expect(added()).rejects.toMatchObject({ code: 'name_taken' });
      expect(await exports.forget(first.id)).toBe(true);
      expect(await exports.forget(first.id)).toBe(false);
      expect((await added()).id).not.toBe(first.id);
    });

    test('there are so many at most, also when they are declared at once', async () => {
      const names = Array.from({ length: MOST_EXPORTS + 3 }, (_, n) => `e${n}`);
      const results = await Promise.allSettled(names.map((each) => added({ name: each })));
      const refused = results.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
      expect(refused).toEqual(['too_many_exports', 'too_many_exports', 'too_many_exports']);
      expect(await exports.list()).toHaveLength(MOST_EXPORTS);
    });

    test('of one app and of one partner there are fewer, also at once; the operator may declare more for them', async () => {
      const [one, two, three] = ['0a', '0b', '0c'].map((byte) => `wallet:${byte.repeat(32)}` as const);
      let last = 0;
      const tries = async (by: DeclaredBy, times: number, app = 1) => {
        const results = await Promise.allSettled(
          Array.from({ length: times }, () => added({ name: `n${++last}`, by, app: key(app) })),
        );
        return results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
      };
      expect(await tries(one as DeclaredBy, MOST_OF_ONE + 2)).toEqual(['too_many_of_one', 'too_many_of_one']);
      // To another app neither.
      expect(await tries(one as DeclaredBy, 1, 2)).toEqual(['too_many_of_one']);
      expect(await tries(two as DeclaredBy, MOST_ATTACHED - MOST_OF_ONE, 2)).toEqual([]);
      expect(await tries(three as DeclaredBy, 1)).toEqual(['too_many_attached']);
      expect(await tries('app', MOST_OF_ONE + 1)).toEqual(['too_many_of_one']);
      expect(await tries('app', 1, 2)).toEqual([]);
      expect(await tries('operator', 2)).toEqual([]);
      expect(await exports.list()).toHaveLength(MOST_ATTACHED + MOST_OF_ONE + 3);
    });

    test('they are listed by name, those of one app alone as well', async () => {
      for (const [each, app] of [
        ['b-1', 2],
        ['a', 1],
        ['b', 1],
      ] as const)
        await added({ name: each, app: key(app) });
      expect((await exports.list()).map((one) => one.name)).toEqual(['a', 'b', 'b-1']);
      expect((await exports.list(key(1))).map((one) => one.name)).toEqual(['a', 'b']);
      expect(await exports.list(key(9))).toEqual([]);
    });

    test('a state is changed, but an end is one', async () => {
      const { id } = await added();
      expect(await exports.setState(id, 'paused')).toMatchObject({ state: 'paused' });
      expect(await exports.setState(id, 'running')).toMatchObject({ state: 'running' });
      await exports.setState(id, 'ending');
      expect(await exports.setState(id, 'running')).toMatchObject({ state: 'ending' });
      expect(await exports.setState(id + 1000, 'running')).toBeNull();
    });

    test('rows add up, and what is not said stays', async () => {
      const { id } = await added();
      expect(await statusOf(id)).toEqual({ partitions: [], notes: [], run: null });
      const say = (at: number, ...changes: StatusChange[]) => exports.report(id, changes, at);
      await say(10, { partition: 2, position: { next: 5, mark: 4 }, rows: 3 }, { partition: 0, trouble });
      await say(11, { partition: 2, trouble });
      await say(
        12,
        { partition: 2, rows: 4, position: { next: 9, mark: 7 } },
        { partition: 0, trouble: null, rows: 1 },
      );
      await say(13);
      expect((await statusOf(id))?.partitions).toEqual([
        { partition: 0, position: { next: 0, mark: -1 }, rows: 1, at: 12, trouble: null },
        { partition: 2, position: { next: 9, mark: 7 }, rows: 7, at: 12, trouble },
      ]);
    });

    test('the last word on a process counts', async () => {
      const { id } = await added();
      await exports.reportRun(id, { state: 'up', starts: 1, at: 1, trouble: null });
      await exports.reportRun(id, { state: 'waiting', starts: 2, at: 3, trouble });
      expect((await statusOf(id))?.run).toEqual({ state: 'waiting', starts: 2, at: 3, trouble });
    });

    test('notes of one kind are counted, and the last words kept', async () => {
      const { id } = await added();
      const other = await added({ name: 'other' });
      const note = (code: ExportNote['code'], count: number, at: number) =>
        exports.note(id, [{ code, message: `it's "${at}"`, count, at }]);
      await note('schema_changed', 1, 5);
      await note('rows_rejected', 3, 6);
      await note('rows_rejected', 4, 7);
      await exports.note(id, []);
      expect((await statusOf(id))?.notes).toEqual([
        { code: 'rows_rejected', message: `it's "7"`, count: 7, at: 7 },
        { code: 'schema_changed', message: `it's "5"`, count: 1, at: 5 },
      ]);
      expect((await statusOf(other.id))?.notes).toEqual([]);
    });

    test('nothing is said of one that was forgotten, nor of the next one of its name', async () => {
      const { id } = await added();
      await exports.report(id, [{ partition: 0, rows: 1 }], 1);
      await exports.setState(id, 'ending');
      await exports.forget(id);
      await exports.report(id, [{ partition: 0, rows: 1 }], 2);
      await exports.reportRun(id, { state: 'up', starts: 1, at: 1, trouble: null });
      await exports.note(id, [{ code: 'rows_rejected', message: 'x', count: 1, at: 1 }]);
      const next = await added();
      expect(await exports.status([next.id, id])).toEqual([
        { partitions: [], notes: [], run: null },
        { partitions: [], notes: [], run: null },
      ]);
    });
  });
}
