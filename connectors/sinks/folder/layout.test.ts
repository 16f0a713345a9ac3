import { expect, it } from '@jest/globals';
import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { DAYS, filesOf } from './layout.ts';

const delivery = { partition: 3, from: { next: 0, mark: -1 }, to: { next: 10, mark: 9 }, first: 7, last: 9 };
const table = (name: string, version: number): Table => ({ name, version, columns: [] });
const row = (app: string, day: number, of = table('t', 1)): ExportRow =>
  ({ app, time: day * 86_400_000, slot: day, table: of }) as ExportRow;
const pathsOf = (rows: readonly ExportRow[]) => filesOf(rows, delivery, '.x').map(({ path }) => path);

it('a file per table, version, app and day', () => {
  const rows = [
    row('b', 0),
    row('a', 1),
    row('a', 0),
    row('a', 1),
    row('a', 0, table('t', 2)),
    row('a', 0, table('_r', 0)),
  ];
  expect(pathsOf(rows)).toEqual([
    '_r/app=a/dt=1970-01-01/p3-000000000007-000000000009-v0.x',
    't/app=a/dt=1970-01-01/p3-000000000007-000000000009-v1.x',
    't/app=a/dt=1970-01-01/p3-000000000007-000000000009-v2.x',
    't/app=a/dt=1970-01-02/p3-000000000007-000000000009-v1.x',
    't/app=b/dt=1970-01-01/p3-000000000007-000000000009-v1.x',
  ]);
});

it('no more files than there are days in a year: the fullest days keep theirs, the rest goes to the partition null', () => {
  const strays = Array.from({ length: 5 * DAYS }, (_, day) => row('a', day));
  const busy = [row('a', 2), row('a', 2), row('a', 2)];
  const files = filesOf([...strays, ...busy, row('b', 0)], delivery, '.x');
  expect(files).toHaveLength(DAYS + 2);
  expect(files.map(({ path }) => path)).toContain('t/app=a/dt=1970-01-03/p3-000000000007-000000000009-v1.x');
  const rest = files.find(({ path }) => path.startsWith('t/app=a/dt=__HIVE_DEFAULT_PARTITION__/'));
  expect(rest?.rows).toHaveLength(4 * DAYS);
  expect(files.flatMap(({ rows }) => rows)).toHaveLength(5 * DAYS + 4);
});
