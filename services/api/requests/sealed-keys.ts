import { sealScopeKey, toBase64url, toHex } from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { Owner, Reader, ScopeKeyRequest, Vault } from '../../pipeline/ports/vault.ts';
import { ApiProblem } from '../problems.ts';

/** A scope key as it is handed out: nobody but the recipient can open it. */
export interface SealedKey {
  readonly scope: string;
  readonly rootVersion: number;
  readonly epoch: number;
  /** Id of the grant, policy or keys request that allows it. */
  readonly by: string;
  /** Hex of the X25519 key it is sealed to. */
  readonly recipient: string;
  /** base64url, 80 bytes: `crypto_box_seal`. */
  readonly sealed: string;
}

export interface SealedKeysDeps {
  readonly vault: Pick<Vault, 'transit' | 'scopeKeys'>;
  readonly consents: Pick<Consents, 'of'>;
}

const MOST = 1_000;

/**
 * Keys of these scopes in every root version and every epoch that has begun, as far as what the owner signed gives them to each of the readers.
 * @throws ApiProblem `erased`; `too_many_keys` when readers × scopes × versions × epochs are more than 1,000
 */
export function createSealedKeys({ vault, consents }: SealedKeysDeps) {
  return async (owner: Owner, readers: readonly Reader[], scopes: readonly string[]): Promise<SealedKey[]> => {
    const [state] = await consents.of([owner]);
    // Asking for the transit key makes a root where there is none: a stranger's question must not.
    const mayRead =
      readers.some(({ asker }) => 'owner' in asker) ||
      (state && state.consent.grants.length + state.consent.policies.length > 0);
    if (!mayRead || readers.length === 0) return [];
    const [transit] = await vault.transit([owner]);
    if (!transit) throw new ApiProblem('erased');
    const epochs = (state?.epoch ?? 0) + 1;
    if (readers.length * scopes.length * transit.rootVersion * epochs > MOST) throw new ApiProblem('too_many_keys');
    const wanted: ScopeKeyRequest[] = [];
    for (const reader of readers)
      for (const scope of scopes)
        for (let rootVersion = 1; rootVersion <= transit.rootVersion; rootVersion += 1)
          for (let epoch = 0; epoch < epochs; epoch += 1) wanted.push({ ...owner, reader, scope, rootVersion, epoch });
    const given = await vault.scopeKeys(wanted);
    return given.flatMap((one, i): SealedKey[] => {
      if (!one?.recipient) return [];
      const { scope, rootVersion, epoch } = wanted[i] as ScopeKeyRequest;
      const sealed = toBase64url(sealScopeKey(one.recipient, one.key));
      one.key.fill(0);
      return [{ scope, rootVersion, epoch, by: one.by, recipient: toHex(one.recipient), sealed }];
    });
  };
}

export type SealedKeys = ReturnType<typeof createSealedKeys>;
