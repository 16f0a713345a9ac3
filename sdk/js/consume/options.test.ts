import { expect, test } from '@jest/globals';
import { BadOptions } from '../errors.ts';
import { checkedOptions } from './options.ts';
import type { PinnedLog } from './pinned-log.ts';

const app = new Uint8Array(32).fill(1);
const log: PinnedLog = { join: () => Promise.reject(new Error('nobody joins')) };
const good = { log, groupId: 'warehouse' };
const check = (over: object) => checkedOptions({ ...good, ...over }, app, 1_000);

test('what is not said is as documented', () => {
  expect(check({})).toEqual({ app, from: 'beginning', scopes: null, types: null, isExplicit: false });
  const said = { app: '02'.repeat(32), scopes: ['purchase'], types: ['A'], from: new Date(5), commit: 'explicit' };
  expect(check(said)).toEqual({
    ...{ app: new Uint8Array(32).fill(2), from: 5, isExplicit: true },
    ...{ scopes: new Set(['purchase']), types: new Set(['A']) },
  });
});

test.each([
  ['log_missing', { log: undefined }],
  ['log_missing', { log: {} }],
  ['bad_group', { groupId: '' }],
  ['bad_group', { groupId: 'two words' }],
  ['bad_group', { groupId: 7 }],
  ['group_reserved', { groupId: 'indexer' }],
  ['group_reserved', { groupId: 'prod-export-sales' }],
  ['bad_scopes', { scopes: [] }],
  ['bad_scopes', { scopes: 'purchase' }],
  ['bad_scopes', { scopes: ['__meta'] }],
  ['bad_scopes', { scopes: ['a b'] }],
  ['bad_types', { types: [''] }],
  ['bad_types', { types: ['ü'.repeat(65)] }],
  ['bad_commit', { commit: 'sometimes' }],
  ['bad_start', { from: new Date(2_000) }],
  ['bad_start', { from: new Date(-1) }],
  ['bad_start', { from: new Date(Number.NaN) }],
  ['bad_start', { from: 'yesterday' }],
  ['bad_app', { app: 'nobody' }],
])('%s: %j', (code, over) => {
  const refused = (() => {
    try {
      check(over);
      return null;
    } catch (error) {
      return error;
    }
  })();
  expect(refused).toBeInstanceOf(BadOptions);
  expect(refused).toMatchObject({ code });
});
