import { expect, test } from '@jest/globals';
import { outOfBounds } from './bounds.ts';

const APP = '0a'.repeat(32);
const PARTNER = '0b'.repeat(32);
const bounds = { sinks: ['parquet', 'kafka'], folder: '/srv/exports' };
const told = (folder: unknown, by: 'app' | `wallet:${string}` = 'app', sink = 'parquet', given = bounds) =>
  outOfBounds(given, { by, app: APP }, { sink, config: folder === undefined ? {} : { folder } }).map(
    ({ code }) => code,
  );

test('a folder lies within that of who declares', () => {
  expect(told(`/srv/exports/${APP}/sales`)).toEqual([]);
  expect(told(`/srv/exports/${APP}`)).toEqual([]);
  expect(told(`/srv/exports/${PARTNER}/x`, `wallet:${PARTNER}`)).toEqual([]);
  expect(told(undefined, 'app', 'kafka')).toEqual([]);
});

test.each([
  ['elsewhere', '/etc'],
  ['beside it', `/srv/exports/${APP}x`],
  ["another's", `/srv/exports/${PARTNER}/sales`],
  ['out of it', `/srv/exports/${APP}/../${PARTNER}`],
  ['relative', `srv/exports/${APP}`],
  ['all of them', '/srv/exports'],
])('a folder %s is refused', (_, folder) => {
  expect(told(folder)).toEqual(['folder_not_allowed']);
});

test('without a folder of the operator there is none, and without sinks neither', () => {
  expect(told('/x', 'app', 'webhook', { sinks: [], folder: '' })).toEqual(['sink_not_allowed', 'folder_not_allowed']);
});
