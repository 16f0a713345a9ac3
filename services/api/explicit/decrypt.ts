import {
  commitment,
  envelopeEpoch,
  fromBase64url,
  isEventId,
  isScopeName,
  open,
  ProtocolError,
  type ProtocolErrorCode,
  scrub,
  toHex,
} from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { RemovedEvents } from '../../pipeline/ports/removed-events.ts';
import type { Owner, ScopeKeyRequest, Vault } from '../../pipeline/ports/vault.ts';
import { askersOf } from '../auth/askers.ts';
import type { Caller } from '../auth/bearer.ts';

/** An envelope, and the place that it is bound to. */
export interface SealedItem {
  readonly eventId: string;
  readonly scope: string;
  /** base64url */
  readonly envelope: string;
}

/** Whose envelopes, and under which root they were sealed. */
export interface SealedUnder extends Owner {
  readonly rootVersion: number;
  /** 32 bytes, as `encrypt` and disclosures tell it. */
  readonly subject: Uint8Array;
}

/** What became of an item: what was sealed, or why not. */
export type OpenedItem =
  | { readonly data: string; readonly salt: string; readonly commitment: string }
  | { readonly code: ProtocolErrorCode | 'no_key' | 'removed' };

export interface DecryptDeps {
  readonly vault: Pick<Vault, 'scopeKeys'>;
  readonly consents: Pick<Consents, 'certificates'>;
  readonly removedEvents: Pick<RemovedEvents, 'of'>;
  readonly now: () => number;
}

/** Envelopes of one call: they need at most so many keys, which is the most that one call of the vault takes. */
export const MOST_ITEMS = 1_000;

type Parsed = { readonly envelope: Uint8Array; readonly epoch: number } | { readonly code: ProtocolErrorCode };

/**
 * Opens envelopes for a partner, as far as the owner's consent gives the caller their keys: the vault decides, and writes into the
 * owner's access log what it gives. An item that is refused never fails the others.
 */
export function createDecrypt({ vault, consents, removedEvents, now }: DecryptDeps) {
  /** @param keys where the keys go as they come: what was given is overwritten by the caller, also when a later look fails */
  async function fetchKeys(caller: Caller, under: SealedUnder, wanted: readonly ScopeAt[], keys: Keys): Promise<void> {
    const name = `${caller.signer}:${caller.signer === 'app' ? caller.app : caller.wallet}`;
    for (const asker of await askersOf(caller, consents, now())) {
      const missing = wanted.filter((one) => !keys.has(nameOf(one)));
      const requests = missing.map((one): ScopeKeyRequest => ({ ...under, ...one, reader: { name, asker } }));
      if (requests.length === 0) break;
      for (const [i, given] of (await vault.scopeKeys(requests)).entries())
        if (given) keys.set(nameOf(missing[i] as ScopeAt), given.key);
    }
  }

  return async (caller: Caller, under: SealedUnder, items: readonly SealedItem[]): Promise<OpenedItem[]> => {
    const parsed = items.map(parse);
    const wanted = new Map<string, ScopeAt>();
    for (const [i, { scope }] of items.entries()) {
      const one = parsed[i] as Parsed;
      if ('epoch' in one) wanted.set(nameOf({ scope, epoch: one.epoch }), { scope, epoch: one.epoch });
    }
    const keys: Keys = new Map();
    try {
      await fetchKeys(caller, under, [...wanted.values()], keys);
      const all = items.map(({ eventId, scope }, i): OpenedItem => {
        const one = parsed[i] as Parsed;
        if ('code' in one) return one;
        const scopeKey = keys.get(nameOf({ scope, epoch: one.epoch }));
        if (!scopeKey) return { code: 'no_key' };
        return opened({ ...one, scopeKey, app: under.app, subject: under.subject, eventId, scope });
      });
      const removed = await removedIds(removedEvents, under, items);
      return all.map((one, i) => ('data' in one && removed.has(items[i]?.eventId) ? { code: 'removed' } : one));
    } finally {
      for (const key of keys.values()) key.fill(0);
      scrub();
    }
  };
}

/**
 * Which of these events the owner has removed by id. Of an envelope alone no more can be said: its time, session and batch are in the meta
 * of the batch, if it ever was in one.
 */
export async function removedIds(
  removedEvents: Pick<RemovedEvents, 'of'>,
  { app, wallet }: Owner,
  items: readonly Pick<SealedItem, 'eventId'>[],
): Promise<ReadonlySet<string | undefined>> {
  const ids = [...new Set(items.map(({ eventId }) => eventId))].filter(isEventId);
  const found = await removedEvents.of(ids.map((id) => ({ app, wallet, id, time: null, session: null, issuedAt: 0 })));
  return new Set(ids.filter((_, i) => found[i] !== null));
}

interface ScopeAt {
  readonly scope: string;
  readonly epoch: number;
}
type Keys = Map<string, Uint8Array>;
const nameOf = ({ scope, epoch }: ScopeAt): string => `${epoch}/${scope}`;

/** A meta is no data of a partner's: whoever it is granted to opens it with the key. */
function parse({ scope, envelope }: SealedItem): Parsed {
  return refusal(() => {
    if (!isScopeName(scope)) throw new ProtocolError('scope');
    const bytes = fromBase64url(envelope);
    return { envelope: bytes, epoch: envelopeEpoch(bytes) };
  });
}

function opened(request: Parameters<typeof open>[0]): OpenedItem {
  return refusal(() => {
    const { salt, data } = open(request);
    return { data, salt: toHex(salt), commitment: toHex(commitment(salt, data)) };
  });
}

function refusal<T>(attempt: () => T): T | { readonly code: ProtocolErrorCode } {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof ProtocolError) return { code: error.code };
    throw error;
  }
}
