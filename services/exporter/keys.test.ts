import { beforeAll, describe, expect, it } from '@jest/globals';
import { ready } from '../../protocol/index.ts';
import type { ScopeKeyRequest } from '../pipeline/ports/vault.ts';
import { fetchKeys, KEYS_PER_CALL } from './keys.ts';
import type { LiveBatch } from './live-batch.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);

const reader = { name: 'export:shop', asker: { exportOf: '09'.repeat(32) } };
const given = (fill: number) => ({ key: bytes(32, fill), by: '', recipient: null });

function batch(wallet: number, scopes: readonly string[]): LiveBatch {
  const key = bytes(32, 0);
  new DataView(key.buffer).setUint32(0, wallet);
  const events = [Object.fromEntries(scopes.map((scope) => [scope, bytes(100, 1)]))];
  return { origin: 0, value: { app: bytes(32, 9), wallet: key, rootVersion: 1, body: { epoch: 0, events } } } as never;
}

beforeAll(() => ready());

describe('keys of a stretch', () => {
  it('are asked once per owner and scope, and only for scopes that occur', async () => {
    const calls: ScopeKeyRequest[][] = [];
    const vault = {
      async scopeKeys(requests: readonly ScopeKeyRequest[]) {
        calls.push([...requests]);
        return requests.map(({ scope }) => (scope === 'b' ? null : given(scope.length)));
      },
    };
    const batches = [batch(1, ['a', 'x']), batch(1, ['a', 'b'])];
    const { keys, forget } = await fetchKeys(vault, reader, batches, ['a', 'b', 'c']);
    expect(calls.map((requests) => requests.map(({ scope }) => scope))).toEqual([['__meta', 'a', 'b']]);
    expect(calls[0]?.every((request) => request.reader === reader)).toBe(true);
    const [first] = batches;
    if (!first) throw new Error('no batch');
    expect([keys(first, 'a'), keys(first, 'b'), keys(first, 'x')]).toEqual([bytes(32, 1), null, null]);
    forget();
    expect(keys(first, 'a')).toEqual(bytes(32, 0));
  });

  it('are asked in calls that the vault takes', async () => {
    const sizes: number[] = [];
    const vault = {
      async scopeKeys(requests: readonly ScopeKeyRequest[]) {
        sizes.push(requests.length);
        return requests.map(() => given(1));
      },
    };
    const batches = Array.from({ length: 1_200 }, (_, i) => batch(i, ['a']));
    await fetchKeys(vault, reader, batches, ['a']);
    expect(sizes).toEqual([KEYS_PER_CALL, KEYS_PER_CALL, 400]);
  });
});
