import { META_SCOPE, scrub, toHex } from '../../protocol/index.ts';
import type { GivenKey, Reader, ScopeKeyRequest, Vault } from '../pipeline/ports/vault.ts';
import type { LiveBatch } from './live-batch.ts';

/** The most that one call of the vault takes. */
export const KEYS_PER_CALL = 1_000;

/** Scope keys of a stretch of batches. null where the vault refuses. */
export type KeyRing = (batch: LiveBatch, scope: string) => Uint8Array | null;

export interface FetchedKeys {
  readonly keys: KeyRing;
  /** Overwrites them all: the stretch is opened. */
  forget(): void;
}

const nameOf = ({ value }: LiveBatch, scope: string) =>
  `${toHex(value.app)}/${toHex(value.wallet)}/${value.rootVersion}/${value.body.epoch}/${scope}`;

/** The keys that these batches need, each once: meta, and those of the export's scopes that occur. */
function keyRequests(
  reader: Reader,
  batches: readonly LiveBatch[],
  scopes: readonly string[],
): Map<string, ScopeKeyRequest> {
  const requests = new Map<string, ScopeKeyRequest>();
  for (const batch of batches) {
    const { app, wallet, rootVersion, body } = batch.value;
    const present = scopes.filter((scope) => body.events.some((event) => Object.hasOwn(event, scope)));
    for (const scope of [META_SCOPE, ...present]) {
      const name = nameOf(batch, scope);
      if (requests.has(name)) continue;
      requests.set(name, { reader, app, wallet, rootVersion, scope, epoch: body.epoch });
    }
  }
  return requests;
}

/** Asks the vault, in as few calls as it allows. */
export async function fetchKeys(
  vault: Pick<Vault, 'scopeKeys'>,
  reader: Reader,
  batches: readonly LiveBatch[],
  scopes: readonly string[],
): Promise<FetchedKeys> {
  const wanted = [...keyRequests(reader, batches, scopes)];
  const given = new Map<string, GivenKey | null>();
  for (let at = 0; at < wanted.length; at += KEYS_PER_CALL) {
    const part = wanted.slice(at, at + KEYS_PER_CALL);
    const answers = await vault.scopeKeys(part.map(([, request]) => request));
    for (const [i, [name]] of part.entries()) given.set(name, answers[i] ?? null);
  }
  return {
    keys: (batch, scope) => given.get(nameOf(batch, scope))?.key ?? null,
    forget() {
      for (const one of given.values()) one?.key.fill(0);
      scrub();
    },
  };
}
