import { randomBytes } from 'node:crypto';
import {
  closeEvent,
  encryptionKeyPairFromSeed,
  fromHex,
  type KeyPair,
  META_SCOPE,
  type OpenScope,
  type SignedBatch,
  scopeKey,
  seal,
  sealMeta,
  subjectOf,
  toBase64url,
  toHex,
} from '../../protocol/index.ts';
import {
  type Account,
  accountFromPhrase,
  DdcClient,
  type DisclosurePage,
  deriveAccount,
  type ReadEvent,
  Reader,
  type ScopeKeyOf,
  type WalletRequests,
} from '../../sdk/js/index.ts';
import { app as appAccount, type MemoryApi, someBatch, someEvent, startMemoryApi } from './api.ts';
import { bearer, call } from './call-api.ts';
import { createBatchStore } from './stored-batches.ts';

const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
export const HOUR = 3_600_000;
const app = appAccount.publicKey;
const random = (length: number) => new Uint8Array(randomBytes(length));

/** A wallet with an encryption key that is certified, or is to be. */
export interface Party {
  readonly account: Account;
  readonly requests: WalletRequests;
  readonly pair: KeyPair;
}

/** Nobody is told anything: not even that there is something. */
export const NOTHING = { events: [], metas: {}, next: null, more: false };

export type StartOptions = Parameters<typeof startMemoryApi>[0];

/** The API over memory twins with a calendar of its own, and wallets that write and read in one app. */
export async function readingWorld(options: StartOptions = {}) {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const it: MemoryApi = await startMemoryApi({ clock: { now }, ...options });
  const client = new DdcClient({ endpoint: it.url, network: 'cere-sandbox', app, now });
  const root = await accountFromPhrase(`${PHRASE}//reading`);
  const store = createBatchStore(it);

  function party(name: string): Party {
    const account = deriveAccount(root, `//${name}-${randomBytes(6).toString('hex')}`);
    return { account, requests: client.requests(account), pair: encryptionKeyPairFromSeed(random(32)) };
  }

  const scope = (data: string): OpenScope => ({ salt: toHex(random(16)), data });
  /** Every event has a purchase, every other one a profile. */
  function batchOf(
    { account }: Party,
    count: number,
    time = '2026-01-02T03:04:05.678Z',
    more: Partial<Parameters<typeof someBatch>[0]> = {},
  ): SignedBatch {
    const events = Array.from({ length: count }, (_, i) =>
      someEvent({
        time,
        scopes: { purchase: scope(`{"sum":${i}}`), ...(i % 2 === 0 ? { profile: scope(`{"name":"n${i}"}`) } : {}) },
      }),
    );
    return someBatch({ wallet: toHex(account.publicKey), keyPair: account, issuedAt: now(), events, ...more });
  }

  const urlOf = ({ account }: Party, query = '') =>
    `${it.url}/v1/wallets/${toHex(account.publicKey)}/apps/${toHex(app)}/disclosures${query}`;

  return {
    it,
    app,
    store,
    party,
    batchOf,
    urlOf,
    now,
    /** The calendar, and the clock by which the vault forgets, go on. */
    pass(ms: number): void {
      ahead += ms;
    },
    /** The vault keeps keys, and what was allowed, for so long. */
    cachesEnd(): void {
      ahead += 5_001;
    },
    certify: ({ requests, pair }: Party, ms = HOUR) => requests.certify(pair.publicKey, now() + ms),
    grant: (
      from: Party,
      to: Party,
      more: { readonly scope?: string; readonly fromEpoch?: number; readonly ms?: number } = {},
    ) => {
      const { ms = HOUR, ...rest } = more;
      const given = { scope: 'purchase', fromEpoch: 0, recipient: to.pair.publicKey, expiresAt: now() + ms };
      return from.requests.grant({ ...given, ...rest });
    },
    token: ({ account }: Party, operation = 'disclosures.read') =>
      bearer({ keyPair: account, app, by: 'wallet', operations: [operation], now: now() }),
    appToken: (wallet: Uint8Array | '*' = '*', operation = 'disclosures.read') =>
      bearer({ keyPair: appAccount, app, by: 'app', wallet, operations: [operation], now: now() }),
    page: async (of: Party, headers: { readonly authorization: string }, query = '') =>
      (await call<DisclosurePage>(urlOf(of, query), { headers })).body,
    reader: ({ account, pair }: Party) => new Reader({ endpoint: it.url, network: 'cere-sandbox', account, pair, now }),
    async read(
      by: Party,
      of: Party,
      wanted: string | readonly string[] = ['purchase', 'profile'],
      keys?: readonly ScopeKeyOf[],
    ): Promise<ReadEvent[]> {
      const events: ReadEvent[] = [];
      const { account, pair } = by;
      const reader = new Reader({ endpoint: it.url, network: 'cere-sandbox', account, pair, now });
      const all = reader.events({
        app,
        wallet: of.account.publicKey,
        scope: wanted,
        limit: 3,
        ...(keys ? { keys } : {}),
      });
      for await (const event of all) events.push(event);
      return events;
    },
    /** A batch as a client encrypts it, under a root that the service never sees; the wallet has moved to client mode before. */
    async clientBatch(of: Party, count: number) {
      const userRoot = random(32);
      const subject = subjectOf(userRoot);
      const { rootVersion } = await of.requests.move({ mode: 'client', subject, epoch: 0 });
      const { header, events, batchId } = batchOf(of, count);
      const place = { app, subject, epoch: 0 };
      const keyOf = (name: string) => scopeKey(userRoot, app, name, 0);
      const sealed = events.map((event) => {
        const closed = closeEvent(event).scopes;
        const scopes = Object.entries(event.scopes as Record<string, OpenScope>).map(([name, { salt, data }]) => {
          const at = { ...place, scopeKey: keyOf(name), eventId: event.id, scope: name };
          const envelope = toBase64url(seal({ ...at, salt: fromHex(salt), data, nonce: random(24) }));
          return [name, { ...(closed[name] as { commitment: string }), envelope }];
        });
        return { ...event, scopes: Object.fromEntries(scopes) };
      });
      const meta = sealMeta({ ...place, scopeKey: keyOf(META_SCOPE), header, events, nonce: random(24) });
      const keys = ['purchase', 'profile', META_SCOPE].map((name) => ({
        ...{ scope: name, rootVersion, epoch: 0, key: keyOf(name) },
      }));
      return { batchId, events, keys, batch: { header, events: sealed, client: { subject, epoch: 0, meta } } };
    },
    async close(): Promise<void> {
      client.close();
      await it.api.close();
    },
  };
}

export type ReadingWorld = Awaited<ReturnType<typeof readingWorld>>;
