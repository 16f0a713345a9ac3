import { mayServe, toHex } from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { Owner } from '../../pipeline/ports/vault.ts';
import { askersOf } from '../auth/askers.ts';
import { type Caller, mustBeOwnerOrApp } from '../auth/bearer.ts';

/** Who reads an owner's events. */
export interface EventReader {
  /** The owner sees every event, also those that the service cannot open. */
  readonly isOwner: boolean;
  /** The scopes that the reader may open in an epoch. */
  mayOpen(epoch: number): OpenableScopes;
}

export type OpenableScopes = Pick<ReadonlySet<string>, 'has'>;

const EVERY_SCOPE: OpenableScopes = { has: () => true };

export interface EventReadersDeps {
  readonly consents: Pick<Consents, 'of' | 'certificates'>;
  readonly now: () => number;
}

/**
 * What a caller may open of an owner's events: as the keys that it could have, decided by the same function. No key leaves here, so
 * nothing is logged as given.
 */
export function createEventReaders({ consents, now }: EventReadersDeps) {
  /** @returns null for a reader to whom nothing is allowed. @throws ApiProblem `forbidden` for an app's token for another wallet */
  return async (caller: Caller, owner: Owner): Promise<EventReader | null> => {
    const wallet = toHex(owner.wallet);
    if (caller.signer === 'app') mustBeOwnerOrApp(caller, wallet);
    else if (caller.wallet === wallet) return { isOwner: true, mayOpen: () => EVERY_SCOPE };
    const [[state], askers] = await Promise.all([consents.of([owner]), askersOf(caller, consents, now())]);
    if (!state) return null;
    const of = { app: toHex(owner.app), wallet, epoch: state.epoch };
    const { grants, policies } = state.consent;
    const named = new Set([
      ...grants.map((one) => one.content.scope),
      ...policies.flatMap((one) => one.content.scopes),
    ]);
    const byEpoch = new Map<number, ReadonlySet<string>>();
    // Once per epoch: a wallet may have 1,000 grants, and a page looks into many batches.
    const mayOpen = (epoch: number) => {
      const known = byEpoch.get(epoch);
      if (known) return known;
      const keys = [...named].map((scope) => ({ scope, epoch }));
      const served = askers.flatMap((asker) => mayServe(state.consent, { ...of, asker, keys }, now()));
      const scopes = new Set(served.map(({ scope }) => scope));
      byEpoch.set(epoch, scopes);
      return scopes;
    };
    // Whoever may open nothing now is not even told whether there is something.
    return mayOpen(state.epoch).size === 0 ? null : { isOwner: false, mayOpen };
  };
}
