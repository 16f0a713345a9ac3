import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Positions, START } from '../../services/pipeline/ports/positions.ts';

export interface PositionsUnderTest {
  /** Empty tables, seen by the log with this 16-byte id. Two calls in one test share the tables. */
  of(log: Uint8Array): Positions;
}

const LOG = new Uint8Array(16).fill(1);
const OTHER_LOG = new Uint8Array(16).fill(2);

/** `open` gives empty tables. */
export function positionsContract(name: string, open: () => Promise<PositionsUnderTest>): void {
  describe(`Positions: ${name}`, () => {
    let tables: PositionsUnderTest;
    let positions: Positions;

    beforeEach(async () => {
      tables = await open();
      positions = tables.of(LOG);
    });

    test('a row starts at (0, -1)', async () => {
      expect(await positions.load('encryptor', 0)).toEqual(START);
    });

    test('moves only from where it stands', async () => {
      await positions.load('pinner', 2);
      expect(await positions.compareAndSet('pinner', 2, START, { next: 5, mark: 3 })).toBe(true);
      expect(await positions.compareAndSet('pinner', 2, START, { next: 9, mark: 9 })).toBe(false);
      expect(await positions.compareAndSet('pinner', 2, { next: 5, mark: 2 }, { next: 9, mark: 9 })).toBe(false);
      expect(await positions.compareAndSet('pinner', 2, { next: 4, mark: 3 }, { next: 9, mark: 9 })).toBe(false);
      expect(await positions.load('pinner', 2)).toEqual({ next: 5, mark: 3 });
    });

    test('of two writers at once, one moves the row', async () => {
      await positions.load('indexer', 0);
      const moved = await Promise.all(
        [1, 2, 3].map((n) => positions.compareAndSet('indexer', 0, START, { next: n, mark: 0 })),
      );
      expect(moved.filter(Boolean)).toHaveLength(1);
    });

    test('stages and partitions have rows of their own', async () => {
      await positions.load('settler', 0);
      await positions.compareAndSet('settler', 0, START, { next: 1, mark: 0 });
      expect(await positions.load('settler', 1)).toEqual(START);
      expect(await positions.load('indexer', 0)).toEqual(START);
    });

    test('refuses the row of another log', async () => {
      await positions.load('encryptor', 0);
      await expect(tables.of(OTHER_LOG).load('encryptor', 0)).rejects.toMatchObject({
        code: 'another_log',
        retriable: false,
      });
    });

    test('a repaired encryptor reads again after the mark', async () => {
      await positions.load('encryptor', 0);
      await positions.compareAndSet('encryptor', 0, START, { next: 10, mark: 9 });
      expect(await positions.repair('encryptor', 0, 4)).toBe(true);
      expect(await positions.load('encryptor', 0)).toEqual({ next: 5, mark: 4 });
    });

    test('a repaired pinner keeps its input offset', async () => {
      await positions.load('pinner', 0);
      await positions.compareAndSet('pinner', 0, START, { next: 12, mark: 9 });
      expect(await positions.repair('pinner', 0, 4)).toBe(true);
      expect(await positions.load('pinner', 0)).toEqual({ next: 12, mark: 4 });
    });

    test('a repair never raises a mark, and a second one changes nothing', async () => {
      await positions.load('encryptor', 0);
      await positions.compareAndSet('encryptor', 0, START, { next: 10, mark: 9 });
      expect(await positions.repair('encryptor', 0, 9)).toBe(false);
      expect(await positions.repair('encryptor', 0, 20)).toBe(false);
      expect(await positions.repair('encryptor', 0, 3)).toBe(true);
      expect(await positions.repair('encryptor', 0, 3)).toBe(false);
      expect(await positions.load('encryptor', 0)).toEqual({ next: 4, mark: 3 });
    });

    test('crashes are counted at one place and start again at another', async () => {
      expect(await positions.crashes('indexer', 0, 7)).toBe(0);
      expect(await positions.countCrash('indexer', 0, 7)).toBe(1);
      expect(await positions.countCrash('indexer', 0, 7)).toBe(2);
      expect(await positions.crashes('indexer', 0, 7)).toBe(2);
      expect(await positions.countCrash('indexer', 0, 8)).toBe(1);
      expect(await positions.crashes('indexer', 0, 7)).toBe(0);
      expect(await positions.crashes('indexer', 1, 8)).toBe(0);
    });

    test('an export counts its crashes without a row of its own, and they say where it waits', async () => {
      expect(await positions.crashPlace('export-sales', 0)).toBeNull();
      await positions.countCrash('export-sales', 0, 4);
      await positions.countCrash('export-other', 0, 5);
      expect(await positions.crashes('export-sales', 0, 4)).toBe(1);
      expect(await positions.crashPlace('export-sales', 0)).toBe(4);
      await positions.forgetCrashes('export-sales', 0, 4);
      expect(await positions.crashPlace('export-sales', 0)).toBeNull();
      expect(await positions.crashPlace('export-other', 0)).toBe(5);
    });

    test('crashes that are forgotten are counted from 1 again, at that place only', async () => {
      await positions.countCrash('indexer', 0, 7);
      await positions.countCrash('settler', 0, 7);
      await positions.forgetCrashes('indexer', 0, 6);
      expect(await positions.crashes('indexer', 0, 7)).toBe(1);
      await positions.forgetCrashes('indexer', 0, 7);
      expect(await positions.crashes('indexer', 0, 7)).toBe(0);
      expect(await positions.crashes('settler', 0, 7)).toBe(1);
      expect(await positions.countCrash('indexer', 0, 7)).toBe(1);
    });

    test('what is parked stays parked', async () => {
      expect(await positions.parked('pinner', 0, 3)).toBe(false);
      await positions.park('pinner', 0, 3);
      await positions.park('pinner', 0, 3);
      expect(await positions.parked('pinner', 0, 3)).toBe(true);
      expect(await positions.parked('pinner', 0, 4)).toBe(false);
      expect(await positions.parked('encryptor', 0, 3)).toBe(false);
    });
  });
}
