import { type Asker, scopeKey, toHex } from '../../../protocol/index.ts';
import type { Consents, KeyAccess } from '../../pipeline/ports/consents.ts';
import type { OpenRoot, Owner, Reader, ScopeKeyRequest, Vault } from '../../pipeline/ports/vault.ts';
import { askersOf } from '../auth/askers.ts';
import type { Caller } from '../auth/bearer.ts';

/** Most keys of one call of the vault. */
const MOST = 1_000;

/** A key that opens a scope of an owner's batches. */
export interface WantedKey extends Owner {
  readonly rootVersion: number;
  readonly epoch: number;
  readonly scope: string;
}

export interface ScopeKeysDeps {
  readonly vault: Pick<Vault, 'scopeKeys'>;
  readonly consents: Pick<Consents, 'certificates' | 'record'>;
  readonly now: () => number;
}

export const keyName = ({ wallet, rootVersion, epoch, scope }: WantedKey): string =>
  `${toHex(wallet)}/${rootVersion}/${epoch}/${scope}`;

/**
 * Keys for a caller that wants its events decrypted here. Whoever it is, the owner's access log names it before a byte is opened: another
 * wallet or the app is given what the vault gives it, the owner itself is logged under the id of its token.
 * @param keys where the keys go as they come: what was given is overwritten by the caller, also when a later look fails
 */
export async function fetchScopeKeys(
  { vault, consents, now }: ScopeKeysDeps,
  caller: Caller,
  wanted: readonly WantedKey[],
  keys: Map<string, Uint8Array>,
): Promise<void> {
  const name = `${caller.signer}:${caller.signer === 'app' ? caller.app : caller.wallet}`;
  for (const asker of await askersOf(caller, consents, now())) {
    const missing = wanted.filter((one) => !keys.has(keyName(one)));
    for (let from = 0; from < missing.length; from += MOST)
      await give(vault, { name, asker }, missing.slice(from, from + MOST), keys);
  }
}

async function give(
  vault: Pick<Vault, 'scopeKeys'>,
  reader: Reader & { readonly asker: Asker },
  wanted: readonly WantedKey[],
  keys: Map<string, Uint8Array>,
): Promise<void> {
  const given = await vault.scopeKeys(wanted.map((one): ScopeKeyRequest => ({ ...one, reader })));
  for (const [i, one] of given.entries()) if (one) keys.set(keyName(wanted[i] as WantedKey), one.key);
}

/** The same for the owner, whose root is at hand. @param by id of the token, hex */
export async function ownScopeKeys(
  { consents, now }: Pick<ScopeKeysDeps, 'consents' | 'now'>,
  by: string,
  wanted: readonly WantedKey[],
  rootOf: (one: WantedKey) => OpenRoot | null | undefined,
  keys: Map<string, Uint8Array>,
): Promise<void> {
  const accesses = wanted.flatMap((one): KeyAccess[] => {
    const root = rootOf(one);
    if (!root || root.mode === 'client') return [];
    keys.set(keyName(one), scopeKey(root.userRoot, one.app, one.scope, one.epoch));
    return [{ ...one, reader: `wallet:${toHex(one.wallet)}`, by }];
  });
  if (accesses.length > 0) await consents.record(accesses, now());
}
