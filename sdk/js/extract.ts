import {
  type BatchLine,
  type Completeness,
  completenessOf,
  type Event,
  type EventLine,
  type ExpectedOwner,
  ProtocolError,
  type RemovalLine,
  type SeenBatch,
  toHex,
  type UnreadableLine,
} from '../../protocol/index.ts';
import { MetaKeyMissing } from './errors.ts';
import { pauseBefore, paused } from './paused.ts';
import { type ExtractedEvent, type ProvenBatch, provenBatch, provenEvent } from './proven-event.ts';
import type { ScopeKeyOf } from './read-event.ts';
import { streamedText } from './streamed-text.ts';
import { saidBy, TryAgain } from './transport.ts';

/** Which events are wanted. */
export interface ExtractWish {
  /** 32-byte public keys. Without a wallet: of every wallet that lets the app read. */
  readonly app: Uint8Array;
  readonly wallet?: Uint8Array;
  /** Event time: `from` ≤ time < `to`. */
  readonly from?: Date;
  readonly to?: Date;
  readonly types?: readonly string[];
  readonly session?: string;
  readonly id?: string;
  /** Only these scopes with their content. */
  readonly scopes?: readonly string[];
  /** `cursor` of an earlier event or extraction. */
  readonly after?: string | null;
  readonly limit?: number;
  /** The service opens scopes that the caller may have the key of. Otherwise `keys` open them here. */
  readonly decrypt?: boolean;
  /** Keys that open scopes here; of what was written in client mode, with those of `__meta`. */
  readonly keys?: readonly ScopeKeyOf[];
  /**
   * Whether the caller is shown all of the wallet, that is, is the wallet itself: then whatever the index has must come. Default: yes where a
   * wallet is named. To others what is not shown is outside of what they may see, by the index's word.
   */
  readonly seesAll?: boolean;
  /** Told of each batch that its owner encrypted and `keys` do not open: it is left out. Without it that is MetaKeyMissing. */
  readonly onSealed?: (batchId: string) => void;
}

export interface ExtractOptions {
  /** Base URL of the API. */
  readonly endpoint: string;
  /** The deployment's own name, part of every signature. */
  readonly network: string;
  /** The operator's receipt key, 32 bytes, pinned: receipts of removals are verified with it, and one that does not hold ends the extraction. */
  readonly receiptKey?: Uint8Array | undefined;
  /** Headers of each request: a token that names `events.read`, and `events.decrypt` to decrypt. Asked again when the stream goes on. */
  readonly authorize: () => Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  /** Waits before a stream that was cut goes on, milliseconds. Default: a second, doubling up to 30. */
  readonly sleep?: (ms: number) => Promise<void>;
  /** Streams that were cut in a row without one new event, after which it is given up. Default 8. */
  readonly attempts?: number;
}

/** How an extraction ended. */
export interface ExtractEnd {
  readonly events: number;
  /** Whether the limit was reached. */
  readonly more: boolean;
  /** Where to go on, now or later. */
  readonly cursor: string | null;
  /** Of each wallet that the service told of. */
  readonly completeness: readonly Completeness[];
}

/** A line of a stream of events: one member, which names it. */
export type Line = {
  readonly batch?: BatchLine | UnreadableLine;
  readonly event?: EventLine;
  readonly cursor?: string;
  readonly removal?: RemovalLine;
  readonly completeness?: { readonly wallet: string };
  readonly end?: { readonly events: number; readonly more: boolean; readonly cursor: string | null };
  readonly problem?: {
    readonly code: string;
    readonly status: number;
    readonly detail?: string;
    readonly advice?: string;
    readonly title: string;
  };
};

/**
 * Extracts events as a stream: every event is verified before it is given, a stream that is cut goes on behind what came, and what the
 * end says of completeness is judged by what came. The generator returns that verdict.
 *
 * @example
 * const events = extract(options, { app, wallet });
 * for (let step = await events.next(); ; step = await events.next()) {
 *   if (step.done) return step.value.completeness.every(({ complete }) => complete);
 *   keep(step.value.disclosure);
 * }
 * @throws ProtocolError for whatever is not what was signed; BatchRefused when the service refuses; TryAgain when it stays away
 */
export async function* extract(options: ExtractOptions, wish: ExtractWish): AsyncGenerator<ExtractedEvent, ExtractEnd> {
  const { sleep = paused, attempts = 8 } = options;
  const session = createSession(options, wish);
  for (let failed = 0; ; ) {
    const before = session.events;
    try {
      for await (const line of linesOf(options, wish, session.resume(), session.behind)) {
        const event = session.take(line);
        if (event) yield event;
        if (session.end) return session.end;
      }
      throw new TryAgain('the stream was cut');
    } catch (error) {
      if (!(error instanceof TryAgain)) throw error;
      failed = session.events > before ? 1 : failed + 1;
      if (failed >= attempts) throw error;
      await sleep(pauseBefore(failed, error.retryAfterMs));
    }
  }
}

/** What has come so far, over all streams of one extraction. */
function createSession({ network, receiptKey }: ExtractOptions, wish: ExtractWish) {
  const pinned = receiptKey && { network, key: receiptKey };
  const expected: ExpectedOwner = {
    ...{ network, app: toHex(wish.app), wallet: wish.wallet ? toHex(wish.wallet) : null },
  };
  const keys = wish.keys ?? [];
  const seen = new Map<string, SeenBatch & { shown: number; removed: { index: number; by: string | null }[] }>();
  const unreadable = new Map<string, UnreadableLine>();
  const removals = new Map<string, RemovalLine>();
  const completeness = new Map<string, Completeness>();
  /** Given since the last cursor: a stream that goes on from there brings them again. */
  const recent = new Set<string>();
  let cursor = wish.after ?? null;
  let isResumed = false;
  let events = 0;
  let end: ExtractEnd | null = null;
  let current: ProvenBatch | 'sealed' | null = null;
  let anySealed = false;
  const isFiltered = Boolean(
    wish.from || wish.to || wish.types || wish.session !== undefined || wish.id !== undefined || wish.after,
  );

  function takeBatch(line: BatchLine | UnreadableLine): void {
    current = null;
    if ('unreadable' in line) return void unreadable.set(line.id, line);
    const proven = provenBatch(line, expected, keys);
    if (!proven) {
      if (!wish.onSealed) throw new MetaKeyMissing(line.id);
      anySealed = true;
      current = 'sealed';
      wish.onSealed(line.id);
      return;
    }
    current = proven;
    const known = seen.get(line.id);
    const removed = line.removed ?? [];
    if (known) known.removed = removed;
    else seen.set(line.id, { ...proven.proved, shown: 0, removed });
  }

  function takeEvent(line: EventLine): ExtractedEvent | null {
    if (current === 'sealed') return null;
    if (!current) throw new ProtocolError('disclosure', 'an event without its batch');
    const batchId = current.line.id;
    const name = `${batchId}/${line.index}`;
    if (recent.has(name)) return null;
    const event = provenEvent(current, line, keys, current.meta ? (one) => isWanted(wish, one) : undefined);
    if (!event) return null;
    recent.add(name);
    events += 1;
    const counted = seen.get(batchId);
    if (counted) counted.shown += 1;
    return event;
  }

  return {
    /** Where the next stream begins. What is recorded meanwhile may stand before that. */
    resume(): string | null {
      isResumed ||= cursor !== (wish.after ?? null);
      return cursor;
    },
    /** Events that the next stream does not bring again. */
    get behind() {
      return events - recent.size;
    },
    get events() {
      return events;
    },
    get end() {
      return end;
    },
    take(line: Line): ExtractedEvent | null {
      if (line.batch) takeBatch(line.batch);
      else if (line.event) return takeEvent(line.event);
      else if (line.cursor !== undefined) {
        cursor = line.cursor;
        recent.clear();
      } else if (line.removal) removals.set(line.removal.id, line.removal);
      else if (line.completeness) {
        const { wallet } = line.completeness;
        const seesAll = wish.seesAll ?? wish.wallet !== undefined;
        const everything = seesAll && !anySealed && !isFiltered && !isResumed && wish.limit === undefined;
        completeness.set(
          wallet,
          completenessOf({
            line: line.completeness,
            batches: [...seen.values()].filter(({ header }) => header.wallet === wallet),
            unreadable: [...unreadable.values()].filter((one) => one.wallet === wallet),
            removals: [...removals.values()].filter((one) => one.wallet === wallet),
            everything,
            pinned,
          }),
        );
      } else if (line.end)
        end = {
          events,
          more: line.end.more,
          cursor: line.end.cursor ?? cursor,
          completeness: [...completeness.values()],
        };
      else if (line.problem) throw new TryAgain(saidBy(line.problem));
      return null;
    },
  };
}

/** Of what a client sealed the service sees no heads: whole batches come, and are narrowed down here. */
export function isWanted({ from, to, types, session, id }: ExtractWish, event: Event): boolean {
  const time = Date.parse(event.time);
  return (
    (from === undefined || time >= from.getTime()) &&
    (to === undefined || time < to.getTime()) &&
    (types === undefined || types.includes(event.type)) &&
    (session === undefined || event.session === session) &&
    (id === undefined || event.id === id)
  );
}

async function* linesOf(
  { endpoint, authorize, fetch: ask = fetch }: ExtractOptions,
  wish: ExtractWish,
  after: string | null,
  given: number,
): AsyncGenerator<Line> {
  const request = { headers: { ...authorize() } };
  for await (const line of streamedText(ask, addressOf(endpoint, wish, after, given), request, '\n'))
    yield JSON.parse(line) as Line;
}

function addressOf(endpoint: string, wish: ExtractWish, after: string | null, given: number): string {
  const query = queryOf(wish);
  if (after) query.set('after', after);
  if (wish.limit !== undefined) query.set('limit', String(Math.max(1, wish.limit - given)));
  return `${placeOf(endpoint, wish)}/events?${query}`;
}

/** Below it are the streams of a wallet in an app, or of an app. */
export function placeOf(endpoint: string, { app, wallet }: Pick<ExtractWish, 'app' | 'wallet'>): string {
  const owner = wallet ? `/v1/wallets/${toHex(wallet)}/apps/${toHex(app)}` : `/v1/apps/${toHex(app)}`;
  return `${endpoint.replace(/\/$/, '')}${owner}`;
}

/** What a wish says of events, as every stream takes it. */
export function queryOf({ from, to, types = [], session, id, scopes, decrypt }: ExtractWish): URLSearchParams {
  const query = new URLSearchParams({ proof: 'true' });
  if (from) query.set('from', String(from.getTime()));
  if (to) query.set('to', String(to.getTime()));
  for (const type of types) query.append('type', type);
  if (session !== undefined) query.set('session', session);
  if (id !== undefined) query.set('id', id);
  if (scopes) query.set('scopes', scopes.join(','));
  if (decrypt) query.set('decrypt', 'true');
  return query;
}
