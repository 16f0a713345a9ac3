import type { Stores } from '../../cli/census/stores.ts';
import { scopeKey, transitKeyPair } from '../../protocol/index.ts';
import type { Person } from './people.ts';
import { rootsOf } from './roots-of.ts';

/** Every secret of a person in this app that could open something, taken while it still exists. */
export async function keysOf(stores: Stores, app: Uint8Array, person: Person): Promise<Map<string, Uint8Array>> {
  const wallet = person.account.publicKey;
  const [root] = await rootsOf(stores, [{ app, wallet, rootVersion: 1 }]);
  if (!root) throw new Error('a person who has not written yet has no root');
  const copy = (bytes: Uint8Array) => new Uint8Array(bytes);
  return new Map([
    ['root', copy(root.userRoot)],
    ['transit', copy(transitKeyPair(root.userRoot).secretKey)],
    ...['purchase', 'profile', '__meta'].map(
      (scope) => [scope, copy(scopeKey(root.userRoot, app, scope, root.epoch))] as const,
    ),
  ]);
}
