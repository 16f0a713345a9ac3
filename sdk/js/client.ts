import { type Event, encodeNdjson, signBatch, splitScopes, toHex, utf8 } from '../../protocol/index.ts';
import type { Account } from './account.ts';
import { ClientMode } from './client-mode/client-mode.ts';
import type { KeyStore } from './client-mode/key-store.ts';
import { Delivery, type DeliveryCounts, type SignedBatch } from './delivery.ts';
import { uuidv7 } from './event-id.ts';
import type { Parcel } from './source-queue.ts';
import { Transport } from './transport.ts';
import { WalletRequests } from './wallet-requests.ts';

export interface ClientOptions {
  /** Base URL of the API. */
  readonly endpoint: string;
  /** The deployment's own name, part of every signature. */
  readonly network: string;
  /** 32-byte public key of the application. */
  readonly app: Uint8Array;
  /** A batch is closed when it has this many events (at most 1,000), ... */
  readonly maxEvents?: number;
  /** ... or about this many bytes, ... */
  readonly maxBytes?: number;
  /** ... or its first event has waited this long. */
  readonly maxDelayMs?: number;
  /** Requests in flight at once. */
  readonly concurrency?: number;
  readonly timeoutMs?: number;
  readonly statusEveryMs?: number;
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number };
  readonly fetch?: typeof fetch;
  readonly now?: () => number;
  readonly randomBytes?: (length: number) => Uint8Array;
}

/** What an application records. Either `data`, split by the stream's scopes, or ready `scopes`. */
export interface Interaction {
  readonly type: string;
  /** Defaults to now. */
  readonly time?: Date;
  readonly session?: string;
  readonly blob?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly scopes?: Readonly<Record<string, unknown>>;
}

type Settings = Required<Omit<ClientOptions, 'fetch'>>;

/** Called once per batch, at its first 202. */
export type OnAccepted = (batch: { readonly batchId: string; readonly events: number }) => void;

/**
 * Sends events to the DDC: batches them by size and time, signs each batch with the user's wallet when it is sent,
 * and keeps it until the service says that it is indexed: only then is it known that it was not voided.
 *
 * @example
 * const client = new DdcClient({ endpoint: 'http://127.0.0.1:8080', network: 'cere-sandbox', app });
 * const stream = client.stream(await accountFromPhrase(phrase), { purchase: ['dollars'] });
 * await stream.record({ type: 'PURCHASE', data: { dollars: 29.33, page: '/' } });
 */
export class DdcClient {
  readonly #delivery: Delivery;
  readonly #transport: Transport;
  readonly #settings: Settings;
  readonly #streams = new Set<WalletStream>();
  constructor(options: ClientOptions) {
    const randomBytes = options.randomBytes ?? ((length) => crypto.getRandomValues(new Uint8Array(length)));
    const now = options.now ?? Date.now;
    this.#settings = {
      maxEvents: 100,
      maxBytes: 500_000,
      maxDelayMs: 1000,
      concurrency: 16,
      timeoutMs: 30_000,
      statusEveryMs: 250,
      backoff: { firstMs: 5_000, longestMs: 60_000 },
      ...options,
      now,
      randomBytes,
    };
    const { endpoint, timeoutMs, concurrency, statusEveryMs, backoff } = this.#settings;
    const transport = new Transport({ endpoint, timeoutMs, fetch: options.fetch ?? fetch });
    this.#transport = transport;
    const random = () => (randomBytes(1)[0] as number) / 256;
    this.#delivery = new Delivery({ transport, concurrency, statusEveryMs, backoff, now, random });
  }

  get counts(): Readonly<DeliveryCounts> {
    return this.#delivery.counts;
  }

  /**
   * One wallet's stream of events. Fields that `scopes` does not list go to `__default_scope`.
   * @param mode of a wallet that encrypts by itself, or may come to
   */
  stream(
    account: Account,
    scopes: Readonly<Record<string, string[]>> = {},
    onAccepted: OnAccepted = () => undefined,
    mode?: Pick<ClientMode, 'seal'>,
  ): WalletStream {
    const source = this.#delivery.openSource();
    const submit: Submit = (sign, events) =>
      this.#delivery.submit(source, sign, (batchId) => onAccepted({ batchId, events }));
    const stream = new WalletStream(this.#settings, account, scopes, submit, mode);
    this.#streams.add(stream);
    return stream;
  }

  /** What this wallet decides about its data: policies, grants, keys, erasure. */
  requests(account: Account): WalletRequests {
    return new WalletRequests(account, this.#settings, this.#transport);
  }

  /** Encryption by the wallet itself, with roots that stay in `store`. */
  clientMode(account: Account, store: KeyStore): Promise<ClientMode> {
    return ClientMode.open({ account, settings: this.#settings, requests: this.requests(account), store });
  }

  /** Closes every open batch now instead of when its time is up. */
  flush(): void {
    for (const stream of this.#streams) stream.flush();
  }

  /** Stops; events that are not yet safe are reported to their callers as rejections. */
  close(): void {
    for (const stream of this.#streams) stream.flush();
    this.#delivery.close();
  }
}

type Submit = (sign: Parcel['sign'], events: number) => Promise<string>;

/** Events of one wallet in one application, from one source: `seq` counts its batches from 0 without gaps. */
export class WalletStream {
  readonly account: Account;
  readonly #settings: Settings;
  readonly #scopes: Readonly<Record<string, string[]>>;
  readonly #submit: Submit;
  readonly #mode: Pick<ClientMode, 'seal'> | undefined;
  readonly #source: string;
  #events: Event[] = [];
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #waiters: { resolve: (batchId: string) => void; reject: (error: unknown) => void }[] = [];

  constructor(
    settings: Settings,
    account: Account,
    scopes: Readonly<Record<string, string[]>>,
    submit: Submit,
    mode?: Pick<ClientMode, 'seal'>,
  ) {
    this.account = account;
    this.#settings = settings;
    this.#scopes = scopes;
    this.#submit = submit;
    this.#mode = mode;
    this.#source = toHex(settings.randomBytes(16));
  }

  /** Resolves with the batch id once the event is safe (indexed). @throws BatchRefused, BatchLost. */
  record(interaction: Interaction): Promise<string> {
    const event = this.#eventOf(interaction);
    this.#events.push(event);
    this.#bytes += JSON.stringify(event).length;
    const safe = new Promise<string>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    if (this.#events.length >= this.#settings.maxEvents || this.#bytes >= this.#settings.maxBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#settings.maxDelayMs);
    return safe;
  }

  /** Closes the open batch. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#events.length === 0) return;
    const events = this.#events;
    const waiters = this.#waiters;
    this.#events = [];
    this.#waiters = [];
    this.#bytes = 0;
    const safe = this.#submit((seq) => this.#sign(events, seq), events.length);
    for (const waiter of waiters) safe.then(waiter.resolve, waiter.reject);
  }

  #eventOf(interaction: Interaction): Event {
    const { now, randomBytes } = this.#settings;
    const { type, session, blob } = interaction;
    const split = interaction.scopes ?? splitScopes({ ...interaction.data }, { ...this.#scopes });
    const scopes: Event['scopes'] = {};
    for (const [name, data] of Object.entries(split)) {
      const text = JSON.stringify(data);
      utf8(text);
      scopes[name] = { salt: toHex(randomBytes(16)), data: text };
    }
    const at = now();
    const time = (interaction.time ?? new Date(at)).toISOString();
    return {
      id: uuidv7(at, randomBytes(10)),
      type,
      time,
      ...(session ? { session } : {}),
      ...(blob ? { blob } : {}),
      scopes,
    };
  }

  #sign(events: Event[], seq: number): SignedBatch | Promise<SignedBatch> {
    const { network, app, now } = this.#settings;
    const { publicKey, algorithm } = this.account;
    const batch = signBatch({
      network,
      app: toHex(app),
      wallet: toHex(publicKey),
      source: this.#source,
      seq,
      issuedAt: now(),
      signer: 'wallet',
      algorithm,
      wrap: 'none',
      events,
      keyPair: this.account,
    });
    return this.#mode?.seal(batch) ?? { batchId: toHex(batch.batchId), body: encodeNdjson(batch) };
  }
}
