import {
  commitment,
  envelopeEpoch,
  fromBase64url,
  isScopeName,
  open,
  ProtocolError,
  type ProtocolErrorCode,
  scrub,
  toHex,
} from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
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
  | { readonly code: ProtocolErrorCode | 'no_key' };

export interface DecryptDeps {
  readonly vault: Pick<Vault, 'scopeKeys'>;
  readonly consents: Pick<Consents, 'certificates'>;
  readonly now: () => number;
}

/** Envelopes of one call: they need at most so many keys, which is the most that one call of the vault takes. */
export const MOST_ITEMS = 1_000;

type Parsed = { readonly envelope: Uint8Array; readonly epoch: number } | { readonly code: ProtocolErrorCode };

/**
 * Opens envelopes for a partner, as far as the owner's consent gives the caller their keys: the vault decides, and writes into the
 * owner's access log what it gives. An item that is refused never fails the others.
 */
export function createDecrypt({ vault, consents, now }: DecryptDeps) {
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
      return items.map(({ eventId, scope }, i): OpenedItem => {
        const one = parsed[i] as Parsed;
        if ('code' in one) return one;
        const scopeKey = keys.get(nameOf({ scope, epoch: one.epoch }));
        if (!scopeKey) return { code: 'no_key' };
        return opened({ ...one, scopeKey, app: under.app, subject: under.subject, eventId, scope });
      });
    } finally {
      for (const key of keys.values()) key.fill(0);
      scrub();
    }
  };
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
