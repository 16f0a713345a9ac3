import { type Asker, type Consent, mayServe, toHex } from '../../../protocol/index.ts';
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

export type ReadersOf = (caller: Caller, owners: readonly Owner[]) => Promise<(EventReader | null)[]>;

/**
 * What a caller may open of owners' events: as the keys that it could have, decided by the same function. No key leaves here, so
 * nothing is logged as given. Null for an owner that allows the caller nothing.
 */
export function createReadersOf({ consents, now }: EventReadersDeps): ReadersOf {
  /** @throws ApiProblem `forbidden` for an app's token for another wallet */
  return async (caller, owners) => {
    const isOwn = (owner: Owner) => caller.signer === 'wallet' && caller.wallet === toHex(owner.wallet);
    if (caller.signer === 'app') for (const { wallet } of owners) mustBeOwnerOrApp(caller, toHex(wallet));
    const others = owners.filter((owner) => !isOwn(owner));
    const [states, askers] =
      others.length === 0 ? [[], []] : await Promise.all([consents.of(others), askersOf(caller, consents, now())]);
    let next = 0;
    return owners.map((owner) => {
      if (isOwn(owner)) return { isOwner: true, mayOpen: () => EVERY_SCOPE };
      const state = states[next++];
      return state ? readerUnder(owner, state, askers, now) : null;
    });
  };
}

function readerUnder(
  owner: Owner,
  state: { readonly consent: Consent; readonly epoch: number },
  askers: readonly Asker[],
  now: () => number,
): EventReader | null {
  const of = { app: toHex(owner.app), wallet: toHex(owner.wallet), epoch: state.epoch };
  const { grants, policies } = state.consent;
  const named = new Set([...grants.map((one) => one.content.scope), ...policies.flatMap((one) => one.content.scopes)]);
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
}

/** The same for one owner. */
export function createEventReaders(readersOf: ReadersOf) {
  return async (caller: Caller, owner: Owner): Promise<EventReader | null> =>
    (await readersOf(caller, [owner]))[0] ?? null;
}
