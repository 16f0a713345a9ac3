import {
  type Asker,
  commitment,
  envelopeEpoch,
  fromBase64url,
  open,
  ProtocolError,
  type ProtocolErrorCode,
  scrub,
  toHex,
} from '../../../protocol/index.ts';
import type { Consents } from '../../pipeline/ports/consents.ts';
import type { GivenKey, Owner, Reader, ScopeKeyRequest, Vault } from '../../pipeline/ports/vault.ts';
import type { Caller } from '../auth/bearer.ts';

/** An envelope, and where it belongs. */
export interface SealedItem {
  readonly eventId: string;
  readonly scope: string;
  /** base64url */
  readonly envelope: string;
}

/** What became of an item: what was signed, or why not. */
export type OpenedItem =
  | { readonly data: string; readonly salt: string; readonly commitment: string }
  | { readonly code: ProtocolErrorCode | 'no_key' };

export interface DecryptDeps {
  readonly vault: Pick<Vault, 'scopeKeys' | 'roots'>;
  readonly consents: Pick<Consents, 'certificates'>;
  readonly now: () => number;
}

/** The most that one call of the vault takes. */
const KEYS_PER_CALL = 1_000;

type Parsed = { readonly envelope: Uint8Array; readonly epoch: number };

/**
 * Opens envelopes for a partner, as far as the owner's consent gives the caller their keys. An item that is refused never fails the others.
 */
export function createDecrypt({ vault, consents, now }: DecryptDeps) {
  async function readersOf(caller: Caller): Promise<Reader[]> {
    const named = (asker: Asker): Reader => ({ name: `${caller.signer}:${keyOf(caller)}`, asker });
    if (caller.signer === 'app') return [named({ exportOf: caller.app })];
    const certificates = await consents.certificates(Buffer.from(caller.wallet, 'hex'));
    return certificates.filter((one) => one.content.expiresAt > now()).map((certificate) => named({ certificate }));
  }

  return async (
    caller: Caller,
    owner: Owner,
    rootVersion: number,
    items: readonly SealedItem[],
  ): Promise<OpenedItem[]> => {
    const parsed = items.map(parse);
    const wanted = new Map<string, ScopeKeyRequest>();
    for (const [n, reader] of (await readersOf(caller)).entries()) {
      for (const [i, { scope }] of items.entries()) {
        const one = parsed[i] as Parsed | ProtocolErrorCode;
        if (typeof one === 'string') continue;
        wanted.set(`${n}/${one.epoch}/${scope}`, { ...owner, reader, rootVersion, scope, epoch: one.epoch });
      }
    }
    const keys = await givenKeys(vault, [...wanted.values()]);
    // Asked for only when something was given: a stranger's question opens no root.
    const [root] = keys.size > 0 ? await vault.roots([{ ...owner, rootVersion }]) : [];
    root?.userRoot.fill(0);
    try {
      return items.map((item, i): OpenedItem => {
        const one = parsed[i] as Parsed | ProtocolErrorCode;
        if (typeof one === 'string') return { code: one };
        const key = keys.get(nameOf(item.scope, one.epoch));
        if (!key || !root) return { code: 'no_key' };
        const { eventId, scope } = item;
        const place = { scopeKey: key, epoch: one.epoch, app: owner.app, subject: root.subject, eventId, scope };
        return opened({ ...place, envelope: one.envelope });
      });
    } finally {
      for (const key of keys.values()) key.fill(0);
      scrub();
    }
  };
}

const keyOf = (caller: Caller): string => (caller.signer === 'app' ? caller.app : caller.wallet);
const nameOf = (scope: string, epoch: number): string => `${epoch}/${scope}`;

/** One call per 1,000 keys. A scope that several of the caller's certificates open is kept once. */
async function givenKeys(
  vault: Pick<Vault, 'scopeKeys'>,
  wanted: readonly ScopeKeyRequest[],
): Promise<Map<string, Uint8Array>> {
  const keys = new Map<string, Uint8Array>();
  for (let at = 0; at < wanted.length; at += KEYS_PER_CALL) {
    const part = wanted.slice(at, at + KEYS_PER_CALL);
    const given: (GivenKey | null)[] = await vault.scopeKeys(part);
    for (const [i, { scope, epoch }] of part.entries()) {
      const key = given[i]?.key;
      if (!key) continue;
      const name = nameOf(scope, epoch);
      keys.get(name)?.fill(0);
      keys.set(name, key);
    }
  }
  return keys;
}

function parse({ envelope }: SealedItem): Parsed | ProtocolErrorCode {
  return refusal(() => {
    const bytes = fromBase64url(envelope);
    return { envelope: bytes, epoch: envelopeEpoch(bytes) };
  });
}

function opened(request: Parameters<typeof open>[0]): OpenedItem {
  const result = refusal(() => open(request));
  if (typeof result === 'string') return { code: result };
  const { salt, data } = result;
  return { data, salt: toHex(salt), commitment: toHex(commitment(salt, data)) };
}

function refusal<T>(attempt: () => T): T | ProtocolErrorCode {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}
