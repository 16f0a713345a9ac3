import { type BatchLine, type ExpectedOwner, toHex } from '../../protocol/index.ts';
import { MetaKeyMissing } from './errors.ts';
import { type ExtractOptions, type ExtractWish, isWanted, type Line, placeOf, queryOf } from './extract.ts';
import { pauseBefore, paused } from './paused.ts';
import { type ExtractedEvent, type ProvenBatch, provenBatch, provenEvent } from './proven-event.ts';
import { streamedText } from './streamed-text.ts';
import { saidBy, TryAgain } from './transport.ts';

/** Which events are followed, and from where. */
export interface FollowWish extends Omit<ExtractWish, 'id' | 'limit' | 'seesAll'> {
  /** Where to begin when `after` says nothing. Default: `now`, behind everything that is indexed. */
  readonly start?: 'beginning' | 'now';
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Told a place each time that every event before it has been taken: keep it, and give it as `after` to go on. */
  readonly onPlace?: (place: string) => void;
}

export interface FollowOptions extends Omit<ExtractOptions, 'receiptKey' | 'sleep'> {
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Told each time that a stream was cut, or there is none: it is begun again. */
  readonly onTrouble?: (error: TryAgain) => void;
  /** How long nothing may come before a stream counts as cut, milliseconds. The service says something every 15 s. Default 45,000. */
  readonly silenceMs?: number;
}

/** An event that came while it was followed. */
export interface FollowedEvent extends ExtractedEvent {
  /** From here this event, and those since this place was told, come again; null while the service has told none. */
  readonly place: string | null;
}

/**
 * Follows events as they are indexed, each verified before it is given. A stream that is cut is begun again where it was, for as long as that takes;
 * within one call nothing comes twice. Ends on its signal.
 *
 * @example
 * for await (const event of follow(options, { app, after: kept, signal, onPlace: (place) => keep(place) })) handle(event);
 * @throws ProtocolError for whatever is not what was signed; BatchRefused when the service refuses; MetaKeyMissing; TryAgain only with `attempts`
 */
export async function* follow(options: FollowOptions, wish: FollowWish): AsyncGenerator<FollowedEvent, void> {
  const { sleep = paused, attempts = Number.POSITIVE_INFINITY, onTrouble } = options;
  const { signal } = wish;
  const session = createSession(options, wish);
  for (let failed = 0; !signal?.aborted; ) {
    const before = session.taken;
    session.begin();
    try {
      for await (const line of linesOf(options, wish, session.place)) {
        if (signal?.aborted) return;
        const event = session.take(line);
        if (event) yield event;
        if (line.end) break;
      }
      if (!session.ended()) throw new TryAgain('the stream was cut');
      failed = 0;
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof TryAgain)) throw error;
      failed = session.taken > before ? 1 : failed + 1;
      if (failed >= attempts) throw error;
      onTrouble?.(error);
      await sleep(pauseBefore(failed, error.retryAfterMs), signal);
    }
  }
}

/** What has come so far, over all streams of one call. */
function createSession({ network }: FollowOptions, wish: FollowWish) {
  const expected: ExpectedOwner = {
    ...{ network, app: toHex(wish.app), wallet: wish.wallet ? toHex(wish.wallet) : null },
  };
  const keys = wish.keys ?? [];
  /** Given since the last place: a stream that goes on from there brings them again. */
  const recent = new Set<string>();
  let place = wish.after ?? null;
  let current: ProvenBatch | null = null;
  let isEnded = false;
  let taken = 0;
  /** A stream says first where it begins: that is where the one before it was cut, or further back than what came. */
  let isBeginning = true;

  function open(line: BatchLine): void {
    current = provenBatch(line, expected, keys);
    if (current) return;
    if (!wish.onSealed) throw new MetaKeyMissing(line.id);
    wish.onSealed(line.id);
  }

  function take(line: Line): FollowedEvent | null {
    if (line.problem) throw new TryAgain(saidBy(line.problem));
    if (line.batch) {
      current = null;
      isBeginning = false;
      if (!('unreadable' in line.batch)) open(line.batch);
    } else if (line.event && current) {
      const name = `${current.line.id}/${line.event.index}`;
      if (recent.has(name)) return null;
      const event = provenEvent(current, line.event, keys, current.meta ? (one) => isWanted(wish, one) : undefined);
      if (!event) return null;
      recent.add(name);
      taken += 1;
      return { ...event, place };
    } else if (line.cursor !== undefined) {
      const isNew = !isBeginning || place === null;
      place = line.cursor;
      isBeginning = false;
      if (!isNew) return null;
      recent.clear();
      wish.onPlace?.(place);
    } else if (line.end) isEnded = true;
    return null;
  }

  return {
    begin(): void {
      isBeginning = true;
    },
    get place() {
      return place;
    },
    get taken() {
      return taken;
    },
    /** Whether the stream came to its end; asked once for each. */
    ended(): boolean {
      const was = isEnded;
      isEnded = false;
      return was;
    },
    take,
  };
}

async function* linesOf(options: FollowOptions, wish: FollowWish, place: string | null): AsyncGenerator<Line> {
  const { endpoint, authorize, fetch: ask = fetch, silenceMs = 45_000 } = options;
  const silence = new AbortController();
  let late: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(late);
    late = setTimeout(() => silence.abort(), silenceMs);
  };
  const signal = wish.signal ? AbortSignal.any([wish.signal, silence.signal]) : silence.signal;
  const headers = { ...authorize(), ...(place === null ? {} : { 'last-event-id': place }) };
  const query = queryOf(wish);
  if (wish.start) query.set('start', wish.start);
  heard();
  try {
    const address = `${placeOf(endpoint, wish)}/event-stream?${query}`;
    for await (const block of streamedText(ask, address, { headers, signal }, '\n\n')) {
      // However long whoever follows takes for an event: that is not silence.
      clearTimeout(late);
      yield* linesIn(block);
      heard();
    }
  } finally {
    clearTimeout(late);
  }
}

/** What one block of server-sent events says: where the stream is, and what happened. */
function linesIn(block: string): Line[] {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const [id, name, data] = [fields.get('id'), fields.get('event'), fields.get('data')];
  try {
    return [
      ...(id === undefined ? [] : [{ cursor: id }]),
      ...(name === undefined || data === undefined ? [] : [{ [name]: JSON.parse(data) } as Line]),
    ];
  } catch (cause) {
    throw new TryAgain('the stream is garbled', 0, { cause });
  }
}
