import {
  blake2b256,
  type Completeness,
  encryptionKeyPairFromSeed,
  equalBytes,
  type JudgedReceipt,
  judgeReceipt,
  type KeyPair,
  type Receipt,
  ready,
  toHex,
  utf8,
} from '../../protocol/index.ts';
import type { Account } from './account.ts';
import { type BlobContent, Blobs, type DownloadedBlob } from './blobs.ts';
import { DdcClient, type WalletStream } from './client.ts';
import type { ClientMode } from './client-mode/client-mode.ts';
import type { KeyStore } from './client-mode/key-store.ts';
import type { Consumption } from './consume/consume.ts';
import { type ConsumeOptions, checkedOptions } from './consume/options.ts';
import { startConsumption } from './consume/start.ts';
import type { DeliveryCounts, Held } from './delivery.ts';
import { EventsLost } from './errors.ts';
import { extract } from './extract.ts';
import { type FollowedEvent, follow } from './follow.ts';
import { encryptionKeyOf } from './grantee.ts';
import { type Key, keyOf, networkOf } from './network.ts';
import type { ExtractedEvent } from './proven-event.ts';
import { type BatchQueue, memoryQueue, type OpenQueue } from './queue/batch-queue.ts';
import { type ReceiptOf, settledReceipt } from './receipts.ts';
import { Transport, type TryAgain } from './transport.ts';
import { type Loss, Undelivered } from './undelivered.ts';
import type { RemovalState, RemovedSelection, WalletRequests } from './wallet-requests.ts';

export interface ConnectOptions {
  /** Address of the API, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Public key of the application. */
  readonly app: Key;
  /** Who signs: the user's wallet. */
  readonly account: Account;
  /** The deployment's own name, part of every signature. Asked of `url` when it is absent, and believed. */
  readonly network?: string;
  /** The operator's ed25519 key that receipts are checked against. Asked of `url` when it is absent, and believed: give it where receipts matter. */
  readonly receiptKey?: Key;
  /** A token of the app's key, operation `batches.write`: for apps that are not open to everybody. A function is asked for each batch and upload. */
  readonly token?: string | (() => string | Promise<string>);
  /** Which fields of the data of `recordData` go to which scope; the others go to `__default_scope`. */
  readonly scopes?: Readonly<Record<string, string[]>>;
  /** Where events wait until they are safe. Default: in memory. `fileQueue(folder)` keeps them over restarts. */
  readonly queue?: BatchQueue;
  /** X25519 keys that others grant to (`certify`). Default: derived from the account, the same every time. */
  readonly pair?: KeyPair;
  /** Makes the wallet encrypt by itself, under roots that are kept here: `ddc.clientMode` moves between the modes. */
  readonly keyStore?: KeyStore;
  /** Told of each event that will never be safe, also of those that an earlier process left in the queue. */
  readonly onLost?: (loss: Loss) => void;
  /** Told each time that a batch is not taken because the app's quota is used up or its pot is empty. It stays in the queue and goes again; `counts.held` says how many wait so. */
  readonly onHeld?: (held: Held) => void;
  /** A batch is closed when it has this many events (default 100, at most 1,000), ... */
  readonly maxEvents?: number;
  /** ... or about this many bytes (default 500,000), ... */
  readonly maxBytes?: number;
  /** ... or its first event has waited so long (default 1,000 ms). */
  readonly maxDelayMs?: number;
  /** How long an answer may take, milliseconds (default 30,000). */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** What belongs to an event beside its type and scopes. */
export interface EventMore {
  /** When it happened. Default: now. */
  readonly time?: Date;
  /** 1 to 128 bytes: what belongs together. */
  readonly session?: string;
  /** CID of a blob that was uploaded. */
  readonly blob?: string;
}

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

/** A recorded event: the promise resolves once it is safe, that is, indexed. */
export interface Recorded extends Promise<{ readonly eventId: string; readonly batchId: string }> {
  /** UUIDv7. */
  readonly eventId: string;
  /** Resolves once the event is in the queue: with a queue of files it is on the disk, and will be delivered. */
  readonly queued: Promise<void>;
}

/** Which events are read. */
export interface EventFilter {
  /** Whose. Default: the account's own. */
  readonly wallet?: Key;
  /** Which scopes are opened; events with none of them are left out. Default: every scope that the account may read. */
  readonly scopes?: readonly string[];
  readonly type?: string;
  readonly session?: string;
  /** from ≤ time < to, by the time of the event. */
  readonly from?: Date;
  readonly to?: Date;
}

/** Which events are streamed, and from where. */
export interface StreamFilter extends EventFilter {
  /** A place that `onPlace` was told: goes on behind it. */
  readonly after?: string;
  /** Where to begin without one. Default: `now`, behind everything that is indexed. */
  readonly start?: 'beginning' | 'now';
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Told a place each time that every event before it has been taken. */
  readonly onPlace?: (place: string) => void;
  /** Told each time that a stream was cut, or there is none. */
  readonly onTrouble?: (error: TryAgain) => void;
}

export interface Granting {
  readonly scope: string;
  /** A wallet that has certified a key (`certify`). */
  readonly to: Key;
  readonly expiresAt: Date;
  /** The first key epoch that it opens. Default 0: everything there is. */
  readonly fromEpoch?: number;
}

/**
 * An application's connection to the Cere Decentralized Data Cloud, for one user: records what they do, signed with their wallet and encrypted by scope,
 * and reads it back, each event verified against what was signed.
 *
 * Every method may be called again when its outcome is not known: what is sent has its id before the first try, and is sent again as it was.
 *
 * @example
 * const account = await accountFromPhrase('bottom drive obey lake curtain smoke basket hold race lonely fit walk//alice');
 * const ddc = await Ddc.connect({ url, app, account });
 * const { eventId } = await ddc.record('PURCHASE', { purchase: { title: 'Blue Train', dollars: 29.33 }, profile: { name: 'Alice' } });
 * for await (const event of ddc.events({ scopes: ['purchase'] })) console.log(event.id === eventId, event.scopes.purchase);
 * await ddc.close();
 */
export class Ddc {
  /** Name of the deployment. */
  readonly network: string;
  /** ed25519, 32 bytes: what `verify` checks receipts against. */
  readonly receiptKey: Uint8Array;
  /** 32 bytes. */
  readonly app: Uint8Array;
  readonly account: Account;
  /** What else the wallet decides: policies, moves, tokens of its own. */
  readonly requests: WalletRequests;
  /** Only where `connect` was given a `keyStore`. */
  readonly clientMode: ClientMode | null;
  readonly #options: ConnectOptions;
  readonly #client: DdcClient;
  readonly #stream: WalletStream;
  readonly #queue: OpenQueue;
  readonly #transport: Transport;
  readonly #blobs: Blobs;
  readonly #pair: KeyPair;
  readonly #undelivered: Undelivered;

  private constructor(parts: Parts) {
    const { options, network, receiptKey, app, client, queue, mode, transport } = parts;
    const { account } = options;
    this.network = network;
    this.receiptKey = receiptKey;
    this.app = app;
    this.account = account;
    this.requests = client.requests(account);
    this.clientMode = mode;
    this.#options = options;
    this.#client = client;
    this.#queue = queue;
    this.#transport = transport;
    this.#pair = options.pair ?? derivedPair(account);
    const { url: endpoint, fetch: fetched, now } = options;
    const how = {
      ...(parts.authorization && { authorization: parts.authorization }),
      ...(fetched && { fetch: fetched }),
    };
    this.#blobs = new Blobs({ endpoint, network, app, account, ...how, ...(now && { now }) });
    this.#undelivered = new Undelivered(options.onLost);
    this.#stream = client.stream(account, options.scopes, { queue, ...(mode ? { mode } : {}) });
    for (const { batch, safe } of this.#stream.resume())
      this.#undelivered.add(
        batch.events.map(({ id }) => id),
        safe,
      );
  }

  /**
   * Connects, and sends what an earlier process left in the queue.
   * @throws TryAgain when there is no answer; ProtocolError for a key that is none; QueueBusy, QueueDamaged; RootNotHeld with a `keyStore`
   * @example
   * const ddc = await Ddc.connect({ url: 'http://127.0.0.1:8080', app, account, network: 'cere-sandbox', scopes: { purchase: ['dollars'] } });
   * await ddc.recordData('PURCHASE', { dollars: 29.33, page: '/checkout' }, { session: 'visit-17' });
   * await ddc.close();
   */
  static async connect(options: ConnectOptions): Promise<Ddc> {
    await ready();
    const { url, account, token, keyStore, ...rest } = options;
    const app = keyOf(options.app);
    const transport = new Transport({ endpoint: url, timeoutMs: rest.timeoutMs ?? 30_000, fetch: rest.fetch ?? fetch });
    const { network, receiptKey } = await networkOf(transport, options);
    const authorization =
      token === undefined ? undefined : async () => `Bearer ${typeof token === 'string' ? token : await token()}`;
    const client = new DdcClient({ ...rest, endpoint: url, network, app, ...(authorization ? { authorization } : {}) });
    const mode = keyStore ? await client.clientMode(account, keyStore) : null;
    const owner = { network, app: toHex(app), wallet: toHex(account.publicKey) };
    const source = toHex(crypto.getRandomValues(new Uint8Array(16)));
    const queue = await (options.queue ?? memoryQueue()).open(owner, source);
    return new Ddc({ options, network, receiptKey, app, client, queue, mode, transport, authorization });
  }

  /** What was sent since the connection was made. */
  get counts(): Readonly<DeliveryCounts> {
    return this.#client.counts;
  }

  /**
   * Records an event. Its batch is closed and sent when it is full or a second old, or with `flush`.
   * @param scopes by name, each any JSON value: what is encrypted, and can be given away, for itself
   * @returns a promise of the event being safe, with `eventId` and `queued` at hand at once
   * @throws ProtocolError at once where no service would take it. Later, as a rejection: BatchRefused (`code` says why), BatchLost, ClientClosed
   * @example
   * const recorded = ddc.record('PURCHASE', { purchase: { dollars: 29.33 } }, { time: new Date('2026-02-03T04:05:06Z'), session: 'visit-17' });
   * await recorded.queued;              // with a queue of files: on the disk
   * const { batchId } = await recorded; // indexed
   */
  record(type: string, scopes: Readonly<Record<string, Json>>, more: EventMore = {}): Recorded {
    return this.#recorded({ type, scopes, ...more });
  }

  /**
   * Records an event whose fields are split into scopes as `connect` was told.
   * @example
   * await ddc.recordData('PAGE_VIEW', { page: '/checkout' });
   */
  recordData(type: string, data: Readonly<Record<string, Json>>, more: EventMore = {}): Recorded {
    return this.#recorded({ type, data, ...more });
  }

  /**
   * Sends now, and waits until everything that was handed in is safe.
   * @throws EventsLost naming each event that will never be, since the last call
   * @example
   * ddc.record('A', { purchase: { n: 1 } });
   * ddc.record('B', { purchase: { n: 2 } });
   * await ddc.flush();
   */
  async flush(): Promise<void> {
    this.#client.flush();
    await this.#undelivered.settled();
    const losses = this.#undelivered.take();
    if (losses.length > 0) throw new EventsLost(losses);
  }

  /**
   * Events that the account may read, each opened and verified before it comes; a stream that is cut goes on where it was.
   * @returns at the end, where everything was asked for: whether the sequence numbers show that nothing is missing between the first and the last batch
   * @throws ProtocolError for whatever is not what was signed; MetaKeyMissing for what a client encrypted (`clientMode.read` reads that)
   * @example
   * const since = new Date(Date.now() - 86_400_000);
   * for await (const event of ddc.events({ scopes: ['purchase'], type: 'PURCHASE', from: since }))
   *   console.log(event.time, JSON.parse(event.scopes.purchase ?? 'null'), event.signer);
   */
  async *events(filter: EventFilter = {}): AsyncGenerator<ExtractedEvent, Completeness | null> {
    const { wallet = this.account.publicKey, type, scopes, ...rest } = filter;
    const { url: endpoint, fetch: fetched } = this.#options;
    const of = keyOf(wallet);
    const authorize = () => this.requests.bearer(['events.read', 'events.decrypt']);
    const types = type === undefined ? {} : { types: [type] };
    const found = extract(
      { endpoint, network: this.network, authorize, ...(fetched ? { fetch: fetched } : {}) },
      {
        ...{ ...rest, ...types, ...(scopes ? { scopes } : {}), app: this.app, wallet: of, decrypt: true },
        seesAll: equalBytes(of, this.account.publicKey),
      },
    );
    for (;;) {
      const { done, value } = await found.next();
      if (done) return value.completeness[0] ?? null;
      if (!scopes || scopes.some((scope) => Object.hasOwn(value.scopes, scope))) yield value;
    }
  }

  /**
   * Events as they are indexed, each opened and verified before it comes, in the order in which they were accepted. A stream that is cut is begun
   * again where it was, with a new token; within one call nothing comes twice. Ends on its signal.
   * @throws ProtocolError for whatever is not what was signed; BatchRefused; MetaKeyMissing for what a client encrypted
   * @example
   * const ending = new AbortController();
   * let place: string | undefined; // to be kept: another process goes on from it with `after`
   * const onPlace = (now: string) => { place = now; };
   * for await (const event of ddc.stream({ scopes: ['purchase'], start: 'beginning', signal: ending.signal, onPlace })) {
   *   console.log(event.id, event.scopes.purchase);
   *   ending.abort();
   * }
   */
  async *stream(filter: StreamFilter = {}): AsyncGenerator<FollowedEvent, void> {
    const { wallet = this.account.publicKey, type, scopes, after, start, signal, onPlace, onTrouble, ...rest } = filter;
    const { url: endpoint, fetch: fetched } = this.#options;
    const authorize = () => this.requests.bearer(['events.read', 'events.decrypt']);
    const from = {
      ...(after && { after }),
      ...(start && { start }),
      ...(signal && { signal }),
      ...(onPlace && { onPlace }),
    };
    const found = follow(
      {
        ...{ endpoint, network: this.network, authorize },
        ...(fetched && { fetch: fetched }),
        ...(onTrouble && { onTrouble }),
      },
      {
        ...{ ...rest, ...from, app: this.app, wallet: keyOf(wallet), decrypt: true },
        ...(type === undefined ? {} : { types: [type] }),
        ...(scopes ? { scopes } : {}),
      },
    );
    for await (const event of found)
      if (!scopes || scopes.some((scope) => Object.hasOwn(event.scopes, scope))) yield event;
  }

  /**
   * Events of every wallet that lets this one read, out of Kafka, as a member of a consumer group: for those who may read the topic `pinned`. Each
   * batch counts once; scopes are opened with the keys that were granted to `pair`, signatures are verified, and what was removed, erased, or is no
   * longer granted is left out. After a crash or a rebalance the group goes on behind what was committed: nothing is lost, and what was given since
   * comes again, under the same `batchId` and `index`.
   * @throws BadOptions at once; while it runs ProtocolError for whatever is not what was signed, BatchRefused, MetaKeyMissing, and errors with a `code` of the log
   * @example
   * import { kafkaLog } from '@cere-ddc/sdk/kafka';
   *
   * const log = kafkaLog({ brokers: ['127.0.0.1:9092'], schemaRegistry: 'http://127.0.0.1:8081/apis/ccompat/v7' });
   * for await (const event of ddc.consume({ log, groupId: 'warehouse', scopes: ['purchase'] })) console.log(event.scopes.purchase);
   */
  consume(options: ConsumeOptions): Consumption {
    const { fetch: fetched = fetch, now = Date.now } = this.#options;
    const checked = checkedOptions(options, this.app, now());
    return startConsumption(options, checked, {
      ...{ endpoint: this.#options.url, network: this.network, account: this.account, pair: this.#pair },
      ...{ transport: this.#transport, fetch: fetched, now },
    });
  }

  /**
   * Uploads what is too large for an event; then an event names it. Encrypted by the service under the key of a scope, as events are.
   * @param content at most 67,108,864 bytes; a stream is sent once, the others again while the outcome is open
   * @returns its CID, for `blob` of `record`: what no event names for 24 hours is deleted
   * @throws BatchRefused `payload_too_large`, `app_closed` without a token of the app, `client_keys` in client mode
   * @example
   * const cid = await ddc.blob(new TextEncoder().encode('a photo'), { scope: 'profile' });
   * await ddc.record('PHOTO', { profile: { caption: 'a lake' } }, { blob: cid });
   * const bytes = await (await ddc.readBlob(cid)).bytes();
   */
  async blob(content: BlobContent, { scope }: { readonly scope?: string } = {}): Promise<string> {
    return (await this.#blobs.upload(content, scope === undefined ? {} : { scope })).cid;
  }

  /**
   * A blob of this wallet, or of another one that granted its scope; `bytes()` or a stream.
   * @throws BatchRefused `unknown_blob`, `blob_gone`; BlobBroken
   */
  readBlob(
    cid: string,
    options: { readonly wallet?: Key; readonly from?: number; readonly to?: number } = {},
  ): Promise<DownloadedBlob> {
    const { wallet = this.account.publicKey, ...range } = options;
    return this.#blobs.download(cid, { ...range, wallet: keyOf(wallet) });
  }

  /**
   * What the operator states of a batch, or of an event, signed with its receipt key: keep it.
   * @param options.settled waits until its round is final on the chain
   * @throws BatchRefused with the code of the refusal, where nothing is stated yet; while waiting `signal.reason`, and ReceiptRefused where a claim fails
   * @example
   * const { batchId, eventId } = await ddc.record('PURCHASE', { purchase: { dollars: 29.33 } });
   * const receipt = await ddc.receipt({ eventId });
   * const final = await ddc.receipt({ batchId }, { settled: true, signal: AbortSignal.timeout(120_000) }); // the chain has it
   * for (const { claim, verdict } of ddc.verify(receipt).claims) console.log(batchId, claim, verdict);
   */
  receipt(
    of: ReceiptOf,
    { settled = false, signal }: { readonly settled?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<Receipt> {
    const ask = () => this.requests.receipt(of);
    const operator = { key: this.receiptKey, network: this.network };
    return settled ? settledReceipt(ask, operator, signal) : ask();
  }

  /**
   * Judges a receipt from anywhere, claim by claim, against the receipt key of this connection, without any network. What only a chain or IPFS could show
   * stays `claimed`.
   * @example
   * console.log(ddc.verify(await ddc.receipt({ batchId })).ok);
   */
  verify(receipt: unknown): JudgedReceipt {
    return judgeReceipt(receipt, { key: this.receiptKey, network: this.network });
  }

  /**
   * Publishes the key to which others grant: done once, before anybody can grant to this wallet.
   * @example
   * await ddc.certify(new Date(Date.now() + 30 * 86_400_000));
   */
  async certify(expiresAt: Date): Promise<void> {
    await this.requests.certify(this.#pair.publicKey, expiresAt.getTime());
  }

  /**
   * Lets another wallet read one scope of this one, until then.
   * @returns the id, to `revoke` it by
   * @throws NoCertificate when that wallet has published no key; BatchRefused `client_keys` in client mode
   * @example
   * const { id } = await ddc.grant({ scope: 'purchase', to: friend.account.publicKey, expiresAt: new Date(Date.now() + 3_600_000) });
   * for await (const event of friend.events({ wallet: ddc.account.publicKey, scopes: ['purchase'] })) console.log(event.scopes);
   * await ddc.revoke(id);
   */
  async grant({ scope, to, expiresAt, fromEpoch = 0 }: Granting): Promise<{ id: string }> {
    const now = this.#options.now ?? Date.now;
    const recipient = await encryptionKeyOf(this.#transport, { wallet: keyOf(to), network: this.network, now: now() });
    const { id } = await this.requests.grant({ scope, recipient, fromEpoch, expiresAt: expiresAt.getTime() });
    return { id };
  }

  /**
   * Ends a grant or policy. What was read before stays read: keys once given open what was written until now.
   * @example
   * await ddc.revoke(id);
   */
  async revoke(id: string): Promise<void> {
    await this.requests.revoke(id);
  }

  /**
   * Makes everything of this wallet in this app unreadable. There is no way back. In client mode the roots are destroyed, too.
   * @returns the id by which `removal` tells how far it is
   * @example
   * const { id } = await ddc.erase();
   * console.log((await ddc.removal(id)).state);
   */
  async erase(): Promise<{ id: string }> {
    const { id } = this.clientMode ? await this.clientMode.erase() : await this.requests.erase();
    return { id };
  }

  /**
   * Removes single events: every read leaves them out from now on, and exports delete them.
   * @returns the id by which `removal` tells how far it is
   * @example
   * await ddc.remove({ session: 'visit-17' });
   * await ddc.remove({ from: Date.now() - 86_400_000, to: Date.now() });
   */
  remove(selection: RemovedSelection): Promise<{ id: string }> {
    return this.requests.remove(selection);
  }

  /** How far an erasure or removal is, with its signed receipts. */
  removal(id: string): Promise<RemovalState> {
    return this.requests.removal(id);
  }

  /**
   * Puts what is open into the queue, and stops. A queue in memory is lost with it: `flush` first. What is in a queue of files is delivered by whoever
   * opens it next.
   */
  async close(): Promise<void> {
    this.#client.flush();
    await this.#undelivered.queued();
    this.#client.close();
    await this.#queue.close();
  }

  #recorded(interaction: Parameters<WalletStream['put']>[0]): Recorded {
    const { eventId, queued, safe } = this.#stream.put(interaction);
    this.#undelivered.add([eventId], safe, queued);
    const recorded = safe.then((batchId) => ({ eventId, batchId }));
    // Whoever does not wait here learns of it from `flush` and `onLost`.
    recorded.catch(() => undefined);
    return Object.assign(recorded, { eventId, queued });
  }
}

interface Parts {
  readonly options: ConnectOptions;
  readonly network: string;
  readonly receiptKey: Uint8Array;
  readonly app: Uint8Array;
  readonly client: DdcClient;
  readonly queue: OpenQueue;
  readonly mode: ClientMode | null;
  readonly transport: Transport;
  readonly authorization: (() => Promise<string>) | undefined;
}

/** The account's own encryption keys: BLAKE2b-256(key = its secret key, "cere-ddc:sdk:x25519:v1") is their seed. */
const derivedPair = ({ secretKey }: Account): KeyPair =>
  encryptionKeyPairFromSeed(blake2b256(utf8('cere-ddc:sdk:x25519:v1'), secretKey));
