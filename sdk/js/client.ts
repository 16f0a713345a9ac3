import { type Event, encodeNdjson, parseEvent, signBatch, splitScopes, toHex, utf8 } from '../../protocol/index.ts';
import type { Account } from './account.ts';
import { ClientMode } from './client-mode/client-mode.ts';
import type { KeyStore } from './client-mode/key-store.ts';
import { Delivery, type DeliveryCounts, type Held, type SignedBatch } from './delivery.ts';
import { uuidv7 } from './event-id.ts';
import { type OpenQueue, openMemoryQueue } from './queue/batch-queue.ts';
import type { QueuedBatch } from './queue/queue-state.ts';
import type { Sign } from './source-queue.ts';
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
  /** Header `Authorization` of every batch, for apps that are not open to everybody. */
  readonly authorization?: () => string | Promise<string>;
  /** Told when a batch is not taken because the app's quota is used up or its pot is empty: it waits and goes again. */
  readonly onHeld?: (held: Held) => void;
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

type Settings = Required<Omit<ClientOptions, 'fetch' | 'authorization' | 'onHeld'>>;

/** Called once per batch, at its first 202. */
export type OnAccepted = (batch: { readonly batchId: string; readonly events: number }) => void;

export interface StreamOptions {
  readonly onAccepted?: OnAccepted;
  /** Of a wallet that encrypts by itself, or may come to. */
  readonly mode?: Pick<ClientMode, 'seal'>;
  /** Where batches wait. Default: in memory. Whoever opened it closes it. */
  readonly queue?: OpenQueue;
}

/** How far one event is. */
export interface Placed {
  /** UUIDv7, made here. */
  readonly eventId: string;
  /** Resolves once its batch is closed and in the queue. */
  readonly queued: Promise<void>;
  /** Resolves with the batch id once it is indexed. */
  readonly safe: Promise<string>;
}

/** A batch takes nothing more that would bring it beyond what the service takes: 1,000,000 bytes once encrypted. */
const FULL_BYTES = 900_000;

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
    const { authorization, onHeld, fetch: fetched = fetch } = options;
    const transport = new Transport({
      endpoint,
      timeoutMs,
      fetch: fetched,
      ...(authorization ? { authorization } : {}),
    });
    this.#transport = transport;
    const random = () => (randomBytes(1)[0] as number) / 256;
    this.#delivery = new Delivery({
      ...{ transport, concurrency, statusEveryMs, backoff, now, random },
      ...(onHeld ? { onHeld } : {}),
    });
  }

  get counts(): Readonly<DeliveryCounts> {
    return this.#delivery.counts;
  }

  /** One wallet's stream of events. Fields that `scopes` does not list go to `__default_scope`. */
  stream(
    account: Account,
    scopes: Readonly<Record<string, string[]>> = {},
    { queue = openMemoryQueue(toHex(this.#settings.randomBytes(16))), mode, onAccepted }: StreamOptions = {},
  ): WalletStream {
    const source = this.#delivery.openSource(queue);
    const deliver: Deliver = (batch, sign) =>
      this.#delivery.submit(source, batch, sign, (batchId) => onAccepted?.({ batchId, events: batch.events.length }));
    const stream = new WalletStream(this.#settings, { account, scopes, queue, deliver, ...(mode ? { mode } : {}) });
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

type Deliver = (batch: QueuedBatch, sign: Sign) => Promise<string>;

interface StreamParts {
  readonly account: Account;
  readonly scopes: Readonly<Record<string, string[]>>;
  readonly queue: OpenQueue;
  readonly deliver: Deliver;
  readonly mode?: Pick<ClientMode, 'seal'>;
}

interface Waiter {
  readonly queued: () => void;
  readonly safe: (batchId: string) => void;
  readonly fail: (error: unknown) => void;
}

/** Events of one wallet in one application, from one source: `seq` counts its batches from 0 without gaps. */
export class WalletStream {
  readonly account: Account;
  readonly #settings: Settings;
  readonly #parts: StreamParts;
  #events: Event[] = [];
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #waiters: Waiter[] = [];

  constructor(settings: Settings, parts: StreamParts) {
    this.account = parts.account;
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Resolves with the batch id once the event is safe (indexed). @throws BatchRefused, BatchLost; ProtocolError at once. */
  record(interaction: Interaction): Promise<string> {
    const { queued, safe } = this.put(interaction);
    // Whoever waits for `safe` is told.
    queued.catch(() => undefined);
    return safe;
  }

  /** Takes an event into the open batch. @throws ProtocolError at once, when no service would take it */
  put(interaction: Interaction): Placed {
    const event = parseEvent(this.#eventOf(interaction));
    const bytes = JSON.stringify(event).length;
    if (this.#bytes + bytes > FULL_BYTES) this.flush();
    this.#events.push(event);
    this.#bytes += bytes;
    const placed = this.#wait(event.id);
    if (this.#events.length >= this.#settings.maxEvents || this.#bytes >= this.#settings.maxBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#settings.maxDelayMs);
    return placed;
  }

  /** Sends what an earlier process left in the queue. @returns each batch with what becomes of it */
  resume(): { readonly batch: QueuedBatch; readonly safe: Promise<string> }[] {
    return this.#parts.queue.batches.map((batch) => ({ batch, safe: this.#deliver(batch) }));
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
    const batch = this.#parts.queue.add(events);
    const tell = (what: (waiter: Waiter) => void) => waiters.forEach(what);
    batch
      .then((queued) => {
        tell((waiter) => waiter.queued());
        return this.#deliver(queued);
      })
      .then(
        (batchId) => tell((waiter) => waiter.safe(batchId)),
        (error: unknown) => tell((waiter) => waiter.fail(error)),
      );
  }

  #wait(eventId: string): Placed {
    const queued = turn<void>();
    const safe = turn<string>();
    this.#waiters.push({
      queued: queued.resolve,
      safe: safe.resolve,
      fail(error) {
        // What is queued stays queued: this reaches only the other case.
        queued.reject(error);
        safe.reject(error);
      },
    });
    return { eventId, queued: queued.promise, safe: safe.promise };
  }

  #deliver(batch: QueuedBatch): Promise<string> {
    return this.#parts.deliver(batch, (seq, issuedAt) => this.#sign(batch.events, seq, issuedAt));
  }

  #eventOf(interaction: Interaction): Event {
    const { now, randomBytes } = this.#settings;
    const { type, session, blob } = interaction;
    const split = interaction.scopes ?? splitScopes({ ...interaction.data }, { ...this.#parts.scopes });
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

  #sign(events: Event[], seq: number, issuedAt: number): SignedBatch | Promise<SignedBatch> {
    const { network, app } = this.#settings;
    const { account, queue, mode } = this.#parts;
    const batch = signBatch({
      network,
      app: toHex(app),
      wallet: toHex(account.publicKey),
      source: queue.source,
      seq,
      issuedAt,
      signer: 'wallet',
      algorithm: account.algorithm,
      wrap: 'none',
      events,
      keyPair: account,
    });
    return mode?.seal(batch) ?? { batchId: toHex(batch.batchId), body: encodeNdjson(batch) };
  }
}

/** A promise that is settled from outside. Node 20 has no `Promise.withResolvers`. */
function turn<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}
