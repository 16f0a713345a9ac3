import { rekey } from '../../../protocol/index.ts';
import type { RequestEffects } from '../../pipeline/ports/requests.ts';
import { VAULT_CACHE_MS } from '../../pipeline/ports/vault.ts';
import type { Asked } from './handler.ts';

/** Caches keep the older epoch no longer than this. */
export const EFFECTIVE_WITHIN_SECONDS = VAULT_CACHE_MS / 1_000;

/** Begins a new epoch when something has ended that was not answered yet. @returns the owner's epoch */
export async function newEpoch({ request, now }: Asked, effects: RequestEffects): Promise<number> {
  const epochs = rekey(await effects.consent(), request, await effects.epochs(), now);
  await effects.setEpochs(epochs);
  return epochs.epoch;
}
