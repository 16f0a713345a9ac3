import { fromHex, META_SCOPE, scopeKey } from '../../protocol/index.ts';
import { exportAskers } from '../pipeline/exports/askers.ts';
import type { Consents } from '../pipeline/ports/consents.ts';
import type { Vault } from '../pipeline/ports/vault.ts';
import { type FetchedKeys, fetchKeys } from './keys.ts';
import type { LiveBatch } from './live-batch.ts';

export interface PartnerKeysEdges {
  readonly vault: Pick<Vault, 'scopeKeys' | 'roots'>;
  readonly consents: Pick<Consents, 'certificates'>;
  /** Name of the export: what the owners' access log shows. */
  readonly name: string;
  /** Hex. */
  readonly app: string;
  readonly by: `wallet:${string}`;
  readonly scopes: readonly string[];
  readonly now: () => number;
}

/**
 * Keys of an export that a partner has attached: of scopes those that were granted to it. A grant holds no key of metas, which show every event of
 * a batch: the service opens the meta of a batch of which the partner may read something, as it does for whoever reads disclosures, and only
 * events with a scope that was granted become rows.
 */
export function partnerKeys({ vault, consents, name, app, by, scopes, now }: PartnerKeysEdges) {
  return async (batches: readonly LiveBatch[]): Promise<FetchedKeys> => {
    const askers = await exportAskers({ app: fromHex(app, 32), by }, consents, now());
    const fetched: FetchedKeys[] = [];
    for (const asker of askers)
      fetched.push(await fetchKeys(vault, { name: `export:${name}`, asker }, batches, scopes));
    const given: FetchedKeys['keys'] = (batch, scope) => {
      for (const { keys } of fetched) {
        const key = keys(batch, scope);
        if (key) return key;
      }
      return null;
    };
    const readable = batches.filter((batch) => scopes.some((scope) => given(batch, scope) !== null));
    const metas = new Map<LiveBatch, Uint8Array>();
    const roots = readable.length === 0 ? [] : await vault.roots(readable.map(({ value }) => value));
    for (const [i, root] of roots.entries()) {
      const batch = readable[i];
      if (!root || !batch) continue;
      if (root.mode !== 'client')
        metas.set(batch, scopeKey(root.userRoot, batch.value.app, META_SCOPE, batch.value.body.epoch));
      root.userRoot.fill(0);
    }
    return {
      keys: (batch, scope) => (scope === META_SCOPE ? (metas.get(batch) ?? null) : given(batch, scope)),
      forget() {
        for (const key of metas.values()) key.fill(0);
        for (const one of fetched) one.forget();
      },
    };
  };
}
