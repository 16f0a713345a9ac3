import { type Consent, type KeyRequest, mayServe, type ServedKey, scopeKey, toHex } from '../../protocol/index.ts';
import type { Clock } from '../../services/pipeline/clock.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Consents, KeyAccess } from '../../services/pipeline/ports/consents.ts';
import type { GivenKey, Owner, Reader, ScopeKeyRequest, Vault } from '../../services/pipeline/ports/vault.ts';
import { ownerKey } from './owner-key.ts';
import { takeSecret } from './secret-bytes.ts';
import { createShortCache, type ShortCacheOptions } from './short-cache.ts';

export interface GivenKeysDeps {
  readonly roots: Vault['roots'];
  readonly consents: Pick<Consents, 'of' | 'record'>;
  readonly calendar: Pick<Clock, 'now'>;
  readonly cache: Pick<ShortCacheOptions<never, never>, 'now' | 'ttlMs' | 'maxEntries' | 'maxBatch'>;
}

const MAX_SCOPE_KEYS = 1_000;
/** An entry of the access log is written again by one process only after this long: an export asks every few seconds. */
const LOG_AGAIN_MS = 60_000;
const MOST_LOGGED = 50_000;

/** The one place where keys of scopes are given: consent is asked first, what is given is written down, then it is derived. */
export function giveKeys({ roots, consents, calendar, cache }: GivenKeysDeps) {
  const signed = createShortCache<Owner, { consent: Consent; epoch: number }>({
    ...cache,
    keyOf: ownerKey,
    load: (owners) => consents.of(owners),
  });
  const logged = new Map<string, number>();

  async function writeDown(accesses: readonly KeyAccess[]): Promise<void> {
    const now = calendar.now();
    const news = new Map<string, KeyAccess>();
    for (const access of accesses) {
      const { reader, scope, epoch, by } = access;
      const name = `${ownerKey(access, access.rootVersion)}/${reader}/${scope}/${epoch}/${by}`;
      if (!(now - (logged.get(name) ?? Number.NEGATIVE_INFINITY) < LOG_AGAIN_MS)) news.set(name, access);
    }
    if (news.size === 0) return;
    await consents.record([...news.values()], now);
    if (logged.size + news.size > MOST_LOGGED) logged.clear();
    for (const name of news.keys()) logged.set(name, now);
  }

  async function scopeKeys(requests: readonly ScopeKeyRequest[]): Promise<(GivenKey | null)[]> {
    if (requests.length > MAX_SCOPE_KEYS) {
      throw new FatalError(
        'too_many_scope_keys',
        `${requests.length} scope keys in one call; ask for at most ${MAX_SCOPE_KEYS}`,
      );
    }
    const allowed = decide(requests, await signed.ask(requests), calendar.now());
    const wanted = requests.filter((_, i) => allowed[i]);
    const opened = await roots(wanted);
    let next = 0;
    // In client mode the vault holds only what opens the transit seal: no key of any scope follows from it.
    const usable = allowed.map((served) => {
      const root = served && opened[next++];
      return served && root && root.mode !== 'client' ? { served, root } : null;
    });
    const given: (GivenKey | null)[] = [];
    try {
      await writeDown(
        requests.flatMap(({ app, wallet, scope, epoch, rootVersion, reader }, i) => {
          const by = usable[i]?.served.by;
          return by === undefined ? [] : [{ app, wallet, reader: reader.name, scope, rootVersion, epoch, by }];
        }),
      );
      for (const [i, { app, scope, epoch }] of requests.entries()) {
        const one = usable[i];
        if (!one) given.push(null);
        else {
          const key = takeSecret(scopeKey(one.root.userRoot, app, scope, epoch));
          given.push({ key, by: one.served.by, recipient: one.served.recipient });
        }
      }
      return given;
    } catch (error) {
      for (const one of given) one?.key.fill(0);
      throw error;
    } finally {
      for (const root of opened) root?.userRoot.fill(0);
    }
  }

  return { scopeKeys, close: () => signed.close() };
}

/** Asks the protocol once per owner and reader. */
function decide(
  requests: readonly ScopeKeyRequest[],
  signed: readonly { consent: Consent; epoch: number }[],
  now: number,
): (ServedKey | undefined)[] {
  const groups = new Map<string, { reader: Reader; at: number[] }>();
  for (const [i, request] of requests.entries()) {
    const name = `${ownerKey(request)}/${request.reader.name}`;
    const group = groups.get(name);
    // A name is for people: two askers under one name are judged apart.
    if (group?.reader.asker === request.reader.asker) group.at.push(i);
    else groups.set(group ? `${name}/${i}` : name, { reader: request.reader, at: [i] });
  }
  const allowed: (ServedKey | undefined)[] = new Array(requests.length).fill(undefined);
  for (const { reader, at } of groups.values()) {
    const [first = 0] = at;
    const { app, wallet } = requests[first] as ScopeKeyRequest;
    const { consent, epoch } = signed[first] as { consent: Consent; epoch: number };
    const keys = at.map((i) => requests[i] as ScopeKeyRequest);
    const ask: KeyRequest = { app: toHex(app), wallet: toHex(wallet), epoch, asker: reader.asker, keys };
    const served = new Map(mayServe(consent, ask, now).map((one) => [`${one.epoch}/${one.scope}`, one]));
    for (const i of at) {
      const { scope, epoch: wanted } = requests[i] as ScopeKeyRequest;
      allowed[i] = served.get(`${wanted}/${scope}`);
    }
  }
  return allowed;
}
