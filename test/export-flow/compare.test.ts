import { expect, test } from '@jest/globals';
import { pinnedRow } from '../support/sink-row.ts';
import { checksum, rowText } from './canonical.ts';
import { type Answer, differences } from './compare.ts';
import { FLOW_TYPES } from './types.ts';

const [purchase] = FLOW_TYPES;
const row = (n: number, over = {}) => {
  if (!purchase) throw new Error('no types');
  const row = pinnedRow({ origin: n, slot: 0, type: 'PURCHASE' });
  return rowText(purchase.table, row, { ...purchase.make(n).values, ...over });
};
const answer = (rows: string[], over: Partial<Answer> = {}): Answer => ({
  ...{ rows, sums: new Map(), counts: new Map([['PURCHASE', rows.length]]), ...over },
});

test('rows that are the same differ in nothing, in whatever order', () => {
  expect(differences(answer([row(1), row(2)]), answer([row(2), row(1)]))).toEqual([]);
  expect(checksum([row(1), row(2)])).toBe(checksum([row(2), row(1)]));
});

test.each([
  ['missing', [row(1)], '1 rows are missing'],
  ['too many', [row(1), row(2), row(3)], '1 rows should not be there'],
  ['twice', [row(1), row(2), row(2)], '1 rows are there twice'],
  ['one cent off', [row(1), row(2, { amount: 15_839n })], '1 rows have other values'],
  ['one microsecond off', [row(1), row(2, { bought_at: 0n })], '1 rows have other values'],
  ['null instead of a value', [row(1), row(2, { customer: null })], '1 rows have other values'],
])('%s: it is told, and the checksum is another', (_, rows, told) => {
  const wanted = answer([row(1), row(2)]);
  expect(differences(wanted, answer(rows))[0]).toBe(told);
  expect(checksum(rows)).not.toBe(checksum(wanted.rows));
});

test('a sum or count of an engine that is another one is told; one that it does not make is not asked for', () => {
  const wanted = answer([row(1)], { sums: new Map([['PURCHASE.amount', '1.00']]) });
  expect(differences(wanted, answer([row(1)]))).toEqual([]);
  expect(differences(wanted, answer([row(1)], { sums: new Map([['PURCHASE.amount', '1.01']]) }))).toEqual([
    'sum of PURCHASE.amount is 1.01, not 1.00',
  ]);
  expect(differences(wanted, answer([row(1)], { counts: new Map([['PURCHASE', 2]]) }))).toEqual([
    'count of PURCHASE is 2, not 1',
  ]);
});
