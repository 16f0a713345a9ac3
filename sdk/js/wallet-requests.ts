import {
  type Content,
  encodeBearer,
  fromBase64url,
  fromHex,
  type KeyPair,
  type KindName,
  openScopeKey,
  type Receipt,
  type SignedRequest,
  signRequest,
  toHex,
  utf8,
  ZERO_KEY,
} from '../../protocol/index.ts';
import type { Account } from './account.ts';
import { pauseBefore, paused } from './paused.ts';
import type { DisclosedEvent, ScopeKeyOf } from './read-event.ts';
import { type ReceiptOf, receiptPath } from './receipts.ts';
import { walletToken } from './tokens.ts';
import { type Transport, TryAgain } from './transport.ts';

/** Where each kind of signed request goes. */
const PATHS = {
  recipient: '/v1/certificates',
  policy: '/v1/policies',
  grant: '/v1/grants',
  revoke: '/v1/revocations',
  keys: '/v1/keys',
  move: '/v1/moves',
  erase: '/v1/erasures',
  reopen: '/v1/reopenings',
  associate: '/v1/associations',
  remove: '/v1/removals',
  disown: '/v1/tokens/revoke',
} as const satisfies Partial<Record<KindName, string>>;
type Sent = keyof typeof PATHS;

export interface RequestSettings {
  readonly network: string;
  /** 32-byte public key of the application. */
  readonly app: Uint8Array;
  readonly now: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** A key as the service hands it out. */
export interface SealedKey {
  readonly scope: string;
  readonly rootVersion: number;
  readonly epoch: number;
  /** Id of the grant, policy or keys request that allows it. */
  readonly by: string;
  readonly recipient: string;
  readonly sealed: string;
}

/** A grant or policy, and what became of it: `live`, `expired`, `revoked` or `replaced`. */
export interface SignedGrant {
  readonly state: string;
  readonly request: SignedRequest;
  /** Its body, decoded; keys in hex. */
  readonly content: Record<string, unknown>;
}

/** Who encrypts for a wallet in an app. */
export interface WalletMode {
  readonly mode: 'service' | 'client';
  readonly rootVersion: number;
  /** Hex. */
  readonly subject: string;
  readonly epoch: number;
}

/** Where one batch stands in IPFS: `<segment>/batches/<slot>`. */
export interface StoredPlace extends WalletMode {
  readonly batchId: string;
  readonly count: number;
  /** Of its earliest event, milliseconds since the epoch. */
  readonly time: number;
  readonly cluster: string;
  /** CID in base32. */
  readonly segment: string;
  readonly slot: number;
  readonly hash: string;
}

/** Events as the service returns them, unverified. */
export interface DisclosurePage {
  readonly events: readonly DisclosedEvent[];
  /** Batch id → meta envelope, base64url, of batches whose content is unchecked. */
  readonly metas: Readonly<Record<string, string>>;
  readonly next: string | null;
  readonly more: boolean;
}

/** The state of an erasure, or of a removal of single events. */
export interface RemovalState {
  readonly id: string;
  readonly kind: 'erase' | 'remove';
  readonly state: 'committed' | 'fenced' | 'sent' | 'done';
  /** What the next step waits for. */
  readonly waitingFor: readonly string[];
  readonly receipts: readonly { readonly payload: string; readonly key: string; readonly signature: string }[];
}

/** One line of the list of a wallet's erasures and removals. */
export interface ListedRemoval extends Pick<RemovalState, 'id' | 'kind' | 'state'> {
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly receipts: number;
  /** How many events were named, the stretch of time, or that it was a session; null for an erasure. */
  readonly selects: { events: number } | { from: number; to: number } | { session: true } | null;
}

/** What is removed: by event id (up to 1,000), by time in milliseconds (from ≤ time < to), or by session. */
export type RemovedSelection = { events: string[] } | { from: number; to: number } | { session: string };

const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 250;
const POLL_MS = 500;

/**
 * What a wallet decides about its data in one application. Every method signs a request with the account's key and sends the same
 * bytes again while the outcome is open: requests are idempotent by id.
 *
 * @example
 * const mine = client.requests(account);
 * await mine.policy({ scopes: ['purchase'], recipients: 'app', expiresAt: Date.now() + 86_400_000 });
 */
export class WalletRequests {
  readonly #account: Account;
  readonly #settings: RequestSettings;
  readonly #transport: Transport;

  constructor(account: Account, settings: RequestSettings, transport: Transport) {
    this.#account = account;
    this.#settings = settings;
    this.#transport = transport;
  }

  /** Says what the app's exports, or listed recipients, may read. Replaces the policy before it. */
  policy(content: Content<'policy'>): Promise<{ id: string; epoch: number }> {
    return this.#send('policy', content);
  }

  /** Opens one scope, from an epoch on, to the holder of a certified X25519 key. */
  grant(content: Omit<Content<'grant'>, 'grantor'>): Promise<{ id: string; epoch: number }> {
    return this.#send('grant', { ...content, grantor: this.#account.publicKey });
  }

  /** Ends a grant or policy. Keys that were given open the epochs before the answered one for ever. */
  revoke(id: string): Promise<{ id: string; epoch: number; note: string }> {
    return this.#send('revoke', { grant: fromHex(id, 16) });
  }

  /** Certifies this account's X25519 key, so that others can grant to it. */
  certify(x25519: Uint8Array, expiresAt: number): Promise<{ id: string }> {
    return this.#send('recipient', { x25519, expiresAt }, ZERO_KEY);
  }

  /** Keeps what this account writes from now on, in every app, in a cluster of this name. */
  associate(cluster: string): Promise<{ id: string; cluster: string }> {
    return this.#send('associate', { cluster }, ZERO_KEY);
  }

  /** Own keys of these scopes, in every epoch so far, opened with the pair that they were sealed to. */
  async keys(scopes: string[], pair: KeyPair): Promise<ScopeKeyOf[]> {
    const { keys } = await this.#send<{ keys: SealedKey[] }>('keys', { scopes, recipient: pair.publicKey });
    return openKeys(keys, pair);
  }

  /** Keys of another wallet's scopes that were granted to this account. */
  async fetchKeys(wallet: Uint8Array, scopes: string[], pair: KeyPair): Promise<ScopeKeyOf[]> {
    return openKeys(await this.sealedKeys(wallet, scopes), pair);
  }

  /** The same, as they come: sealed to each key that this account has certified. */
  async sealedKeys(wallet: Uint8Array, scopes: string[]): Promise<SealedKey[]> {
    const body = { app: toHex(this.#settings.app), wallet: toHex(wallet), scopes };
    const path = '/v1/keys/fetch';
    const { keys } = await this.#again(() =>
      this.#transport.postJson<{ keys: SealedKey[] }>(path, utf8(JSON.stringify(body)), this.bearer(['keys.fetch'])),
    );
    return keys;
  }

  /**
   * Events of a wallet that this account may see, with what proves them; `Reader` verifies and opens them.
   * @param page.after `next` of the page before; `limit` at most 1,000, default 100
   */
  disclosures(
    wallet: Uint8Array,
    { after, limit }: { after?: string | null; limit?: number } = {},
  ): Promise<DisclosurePage> {
    const query = new URLSearchParams({
      ...(after ? { after } : {}),
      ...(limit === undefined ? {} : { limit: String(limit) }),
    });
    return this.#get(`disclosures?${query}`, 'disclosures.read', wallet);
  }

  move(content: Content<'move'>): Promise<{ id: string; rootVersion: number }> {
    return this.#send('move', content);
  }

  /** Who encrypts now; up to 5 s behind a move. */
  mode(): Promise<WalletMode> {
    return this.#get('mode', 'move');
  }

  /** Where this wallet's batches stand, oldest first. @param after `next` of the page before */
  storedBatches(after?: string): Promise<{ batches: StoredPlace[]; next: string | null }> {
    return this.#get(`stored-batches${after === undefined ? '' : `?after=${after}`}`, 'batches.locate');
  }

  /** What a move to service mode has to name. */
  prepareMove(): Promise<{ rootVersion: number; subject: string; epoch: number }> {
    const body = { app: toHex(this.#settings.app), wallet: toHex(this.#account.publicKey) };
    return this.#again(async () => {
      const headers = { ...this.bearer(['move']), ...(await this.#transport.appToken('ddc-app-token')) };
      return this.#transport.postJson('/v1/moves/prepare', utf8(JSON.stringify(body)), headers);
    });
  }

  /** Makes everything of this wallet in this app unreadable. `removal` tells how far it is. */
  erase(): Promise<{ id: string; rootVersions: number[] }> {
    return this.#send('erase', {});
  }

  /** Ends a token of this account, or one that was signed under it, before its time. @param token its id, hex */
  disown(token: string): Promise<{ id: string; effectiveWithinSeconds: number }> {
    return this.#send('disown', { token: fromHex(token, 16) });
  }

  /** What the operator states about a batch or an event, signed now: keep it, and check it with `verifiedReceipt`. */
  receipt(of: ReceiptOf): Promise<Receipt> {
    const path = receiptPath(of, { app: this.#settings.app, wallet: this.#account.publicKey });
    return this.#again(() => this.#transport.get<Receipt>(path, this.bearer(['receipts.read'])));
  }

  reopen(): Promise<{ id: string; rootVersion: number }> {
    return this.#send('reopen', {});
  }

  /**
   * Removes single events: every read leaves them out from now on, exports delete them, and what is on its way under an earlier signature
   * never shows. `removal` tells how far it is.
   * @example const { id } = await mine.remove({ session: 'visit-17' }); await mine.removed(id);
   */
  remove(selection: RemovedSelection): Promise<{ id: string }> {
    return this.#send('remove', selection);
  }

  /** Waits for the first receipt of an erasure or removal. @throws `signal.reason` when that is aborted first */
  async removed(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<RemovalState> {
    for (;;) {
      const state = await this.removal(id);
      if (state.receipts.length > 0) return state;
      signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Erasures and removals of this wallet in this app, the last signed first: all pages of them. */
  async removals(): Promise<ListedRemoval[]> {
    const all: ListedRemoval[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const query: string = after && `?after=${after}`;
      const page: { removals: ListedRemoval[]; next: string | null } = await this.#get(
        `removals${query}`,
        'removals.read',
      );
      all.push(...page.removals);
      after = page.next;
    }
    return all;
  }

  removal(id: string): Promise<RemovalState> {
    return this.#get(`removals/${id}`, 'removals.read');
  }

  /** Every grant and policy that this wallet has signed for this app, newest first: all pages of them. */
  async grants(): Promise<{ grants: SignedGrant[] }> {
    const grants: SignedGrant[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const query: string = after && `?after=${after}`;
      const page: { grants: SignedGrant[]; next: string | null } = await this.#get(`grants${query}`, 'grants.read');
      grants.push(...page.grants);
      after = page.next;
    }
    return { grants };
  }

  /** Every key that was handed out: to whom, of which scope and epoch, and because of what. */
  accessLog(after?: string): Promise<{
    /** Where the next page begins; null where there is none. */
    next: string | null;
    accesses: { reader: string; scope: string; epoch: number; by: string; times: number }[];
  }> {
    return this.#get(after === undefined ? 'access-log' : `access-log?after=${after}`, 'access.read');
  }

  #get<T>(what: string, operation: string, wallet = this.#account.publicKey): Promise<T> {
    const path = `/v1/wallets/${toHex(wallet)}/apps/${toHex(this.#settings.app)}/${what}`;
    return this.#again(async () => {
      const app = operation === 'move' ? await this.#transport.appToken('ddc-app-token') : {};
      return this.#transport.get<T>(path, { ...this.bearer([operation]), ...app });
    });
  }

  /** A token of one minute that lets its holder do these operations as this account. */
  bearer(operations: string[]): Record<string, string> {
    const { now, network, app, randomBytes } = this.#settings;
    const token = walletToken(this.#account, { network, app, operations, expiresAt: now() + 60_000, now, randomBytes });
    return { authorization: `Bearer ${encodeBearer(token)}` };
  }

  #sign<K extends KindName>(kind: K, content: Content<K>, app = toHex(this.#settings.app)): SignedRequest<K> {
    const { network, now, randomBytes } = this.#settings;
    const { publicKey, algorithm } = this.#account;
    const wallet = toHex(publicKey);
    const head = { kind, network, app, wallet, id: toHex(randomBytes(16)), issuedAt: now() };
    return signRequest({ ...head, signer: 'wallet', algorithm, wrap: 'none', content }, this.#account);
  }

  #send<T, K extends Sent = Sent>(kind: K, content: Content<K>, app?: string): Promise<T> {
    const body = utf8(JSON.stringify(this.#sign(kind, content, app)));
    return this.#again(async () => {
      // A move may make the first root of a wallet: in an app that is not open, with the app's consent.
      const headers = kind === 'move' ? await this.#transport.appToken('authorization') : {};
      return this.#transport.postJson<T>(PATHS[kind], body, headers);
    });
  }

  async #again<T>(attempt: () => Promise<T>): Promise<T> {
    for (let n = 1; ; n += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof TryAgain) || n === ATTEMPTS) throw error;
        await paused(pauseBefore(n, error.retryAfterMs, FIRST_PAUSE_MS));
      }
    }
  }
}

/** Those that are sealed to this pair. */
export const openKeys = (keys: readonly SealedKey[], pair: KeyPair): ScopeKeyOf[] =>
  keys
    .filter((one) => one.recipient === toHex(pair.publicKey))
    .map(({ scope, rootVersion, epoch, sealed }) => ({
      scope,
      rootVersion,
      epoch,
      key: openScopeKey(pair, fromBase64url(sealed)),
    }));
