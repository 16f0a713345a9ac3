import { type KeyPair, type Meta, toHex } from '../../protocol/index.ts';
import type { Account } from './account.ts';
import { MetaKeyMissing } from './errors.ts';
import type { ScopeKeyOf } from './read-event.ts';
import { type DisclosedEvent, disclosureFromMeta, keyFor, metaOf, type ReadEvent, readEvent } from './read-event.ts';
import { Transport } from './transport.ts';
import { WalletRequests } from './wallet-requests.ts';

export interface ReaderOptions {
  /** Base URL of the API. */
  readonly endpoint: string;
  /** The deployment's own name, part of every signature. */
  readonly network: string;
  /** Who reads. */
  readonly account: Account;
  /** X25519 keys that scope keys are sealed to: what this account has certified (`WalletRequests.certify`), or any for one's own data. */
  readonly pair: KeyPair;
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
  readonly now?: () => number;
  readonly randomBytes?: (length: number) => Uint8Array;
}

export interface WantedEvents {
  /** 32-byte public keys: whose data, in which application. */
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  /** One scope, or several. Events that have none of them are left out. */
  readonly scope: string | readonly string[];
  /** `next` of an earlier page. */
  readonly after?: string | null;
  /** Most events of one page, at most 1,000. Default 100. */
  readonly limit?: number;
  /** The owner's own keys of what was written in client mode, with those of `__meta`. All others are asked of the service. */
  readonly keys?: readonly ScopeKeyOf[];
}

export interface ReadPage {
  readonly events: readonly ReadEvent[];
  /** Where to go on, now or later; null where there was nothing yet. */
  readonly next: string | null;
  readonly more: boolean;
}

/**
 * Reads events of a wallet: fetches what the reader may see, and the keys that were granted to it, opens the scopes that are wanted and
 * verifies every signature. Nothing that the service says is believed.
 *
 * @example
 * const reader = new Reader({ endpoint, network: 'cere-sandbox', account: friend, pair });
 * for await (const event of reader.events({ app, wallet, scope: 'purchase' })) keep(event.disclosure);
 */
export class Reader {
  readonly #options: Required<Pick<ReaderOptions, 'network' | 'account' | 'pair' | 'now' | 'randomBytes'>>;
  readonly #transport: Transport;

  constructor({ endpoint, timeoutMs = 30_000, ...options }: ReaderOptions) {
    this.#transport = new Transport({ endpoint, timeoutMs, fetch: options.fetch ?? fetch });
    const { network, account, pair, now = Date.now } = options;
    const randomBytes = options.randomBytes ?? ((length) => crypto.getRandomValues(new Uint8Array(length)));
    this.#options = { network, account, pair, now, randomBytes };
  }

  /** All events there are now, oldest first. @throws ProtocolError for whatever is not what was signed */
  async *events(wanted: WantedEvents): AsyncGenerator<ReadEvent> {
    const keys: ScopeKeyOf[] = [...(wanted.keys ?? [])];
    for (let { after = null } = wanted; ; ) {
      const page = await this.#page({ ...wanted, after }, keys);
      yield* page.events;
      if (!page.more) return;
      after = page.next;
    }
  }

  /** One page, for readers that come again later: `next` is where they go on. */
  page(wanted: WantedEvents): Promise<ReadPage> {
    return this.#page(wanted, [...(wanted.keys ?? [])]);
  }

  /** @param keys at hand; what is fetched is added */
  async #page(wanted: WantedEvents, keys: ScopeKeyOf[]): Promise<ReadPage> {
    const { network, account } = this.#options;
    const scopes = [wanted.scope].flat();
    const requests = new WalletRequests(account, { ...this.#options, app: wanted.app }, this.#transport);
    const page = await requests.disclosures(wanted.wallet, wanted);
    const has = (found: DisclosedEvent) => scopes.filter((scope) => Object.hasOwn(found.envelopes, scope));
    const events = page.events.filter((found) => has(found).length > 0);
    // Of what a client encrypted the service has no keys.
    const isMissing = (found: DisclosedEvent) =>
      found.content === 'checked' && has(found).some((scope) => !keyFor(found, scope, keys));
    if (events.some(isMissing)) keys.push(...(await this.#keys(requests, wanted.wallet, scopes)));
    const expected = { network, app: toHex(wanted.app), wallet: toHex(wanted.wallet) };
    const own = keys.filter(({ scope }) => scopes.includes(scope));
    const metas = new Map<string, Meta | null>();
    const proved = events.map((found) => {
      const disclosure = found.disclosure ?? this.#unchecked(found, page.metas, metas, keys, expected.app);
      return readEvent(found, disclosure, own, expected);
    });
    return { events: proved, next: page.next, more: page.more };
  }

  #keys(requests: WalletRequests, wallet: Uint8Array, scopes: string[]): Promise<ScopeKeyOf[]> {
    const { account, pair } = this.#options;
    const isOwn = toHex(wallet) === toHex(account.publicKey);
    return isOwn ? requests.keys(scopes, pair) : requests.fetchKeys(wallet, scopes, pair);
  }

  /** Of what a client encrypted the owner makes the disclosure, from the batch's meta: opened once per page. */
  #unchecked(
    found: DisclosedEvent,
    envelopes: Readonly<Record<string, string>>,
    metas: Map<string, Meta | null>,
    keys: readonly ScopeKeyOf[],
    app: string,
  ) {
    const envelope = envelopes[found.batchId];
    if (!metas.has(found.batchId) && envelope !== undefined)
      metas.set(found.batchId, metaOf(found, envelope, keys, app));
    const meta = metas.get(found.batchId);
    if (!meta) throw new MetaKeyMissing(found.batchId);
    return disclosureFromMeta(meta, found);
  }
}
