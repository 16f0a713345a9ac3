import {
  commitment,
  isScopeName,
  type Place,
  ProtocolError,
  scopeKey,
  scrub,
  seal,
  toBase64url,
  toHex,
} from '../../../protocol/index.ts';
import type { Random } from '../../pipeline/clock.ts';
import type { Owner, Vault } from '../../pipeline/ports/vault.ts';
import { ApiProblem } from '../problems.ts';

/** Plaintext of an event, scope by scope. */
export interface PlainEvent {
  readonly id: string;
  readonly scopes: Readonly<Record<string, string>>;
}

export interface EncryptDeps {
  readonly vault: Pick<Vault, 'transit' | 'roots'>;
  readonly random: Pick<Random, 'bytes'>;
}

/**
 * Encrypts for a partner, under the owner's newest root and epoch; the root is made where there is none. Nothing is kept.
 * @throws ApiProblem `erased`, `client_keys`; ProtocolError `scope`, `data`, `id`
 */
export function createEncrypt({ vault, random }: EncryptDeps) {
  return async (owner: Owner, events: readonly PlainEvent[]) => {
    const [transit] = await vault.transit([owner]);
    if (!transit) throw new ApiProblem('erased');
    if (transit.mode === 'client') throw new ApiProblem('client_keys');
    const { rootVersion, subject } = transit;
    const [root] = await vault.roots([{ ...owner, rootVersion }]);
    if (!root) throw new ApiProblem('erased');
    const keys = new Map<string, Uint8Array>();
    const keyOf = (scope: string): Uint8Array => {
      if (!isScopeName(scope)) throw new ProtocolError('scope');
      const key = keys.get(scope) ?? scopeKey(root.userRoot, owner.app, scope, root.epoch);
      keys.set(scope, key);
      return key;
    };
    const place = { epoch: root.epoch, app: owner.app, subject };
    try {
      const sealed = events.map(({ id, scopes }) => ({
        id,
        scopes: Object.fromEntries(
          Object.entries(scopes).map(([scope, data]) => {
            const at = { ...place, scopeKey: keyOf(scope), eventId: id, scope };
            return [scope, sealedScope(at, data, random)];
          }),
        ),
      }));
      return { subject: toHex(subject), rootVersion, epoch: root.epoch, events: sealed };
    } finally {
      for (const key of keys.values()) key.fill(0);
      root.userRoot.fill(0);
      scrub();
    }
  };
}

function sealedScope(place: Place, data: string, random: Pick<Random, 'bytes'>) {
  const salt = random.bytes(16);
  const envelope = seal({ ...place, salt, data, nonce: random.bytes(24) });
  return { salt: toHex(salt), commitment: toHex(commitment(salt, data)), envelope: toBase64url(envelope) };
}
