import { expect, test } from '@jest/globals';
import type { ScopeKeyOf } from '../read-event.ts';
import { GrantedKeys } from './granted-keys.ts';

const wallet = new Uint8Array(32).fill(1);
const other = new Uint8Array(32).fill(2);
const key = (scope: string, epoch = 0): ScopeKeyOf => ({
  scope,
  rootVersion: 1,
  epoch,
  key: new Uint8Array(32).fill(9),
});
const wanted = (of: Uint8Array, scopes: string[], epoch = 0) => ({ wallet: of, rootVersion: 1, epoch, scopes });

test('each wallet is asked once for what is missing, and again only when an epoch or a scope is new', async () => {
  const asked: string[] = [];
  let epoch = 0;
  const keys = new GrantedKeys(async (of, scopes) => {
    asked.push(`${of[0]}:${scopes.join()}`);
    return scopes.map((scope) => key(scope, epoch));
  });
  await keys.load([wanted(wallet, ['a', 'b']), wanted(wallet, ['a']), wanted(other, ['a'])]);
  await keys.load([wanted(wallet, ['b'])]);
  expect(asked.sort()).toEqual(['1:a,b', '2:a']);
  epoch = 1;
  await keys.load([wanted(wallet, ['a'], 1)]);
  expect(asked.at(-1)).toBe('1:a');
  expect(keys.of(wallet).map(({ scope, epoch: of }) => `${scope}${of}`)).toEqual(['a0', 'b0', 'a1']);
});

test('what was not given is asked for again after five seconds', async () => {
  let now = 0;
  let asked = 0;
  const keys = new GrantedKeys(
    async () => {
      asked += 1;
      return [];
    },
    () => now,
  );
  const load = () => keys.load([wanted(wallet, ['a'])]);
  await load();
  now = 4_999;
  await load();
  expect(asked).toBe(1);
  now = 5_000;
  await load();
  expect(asked).toBe(2);
});

test('keys are overwritten when they are forgotten', async () => {
  const given = key('a');
  const keys = new GrantedKeys(async () => [given]);
  await keys.load([wanted(wallet, ['a'])]);
  keys.forget();
  expect(given.key).toEqual(new Uint8Array(32));
  expect(keys.of(wallet)).toEqual([]);
});
