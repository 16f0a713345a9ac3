import {
  type BatchLine,
  type EventLine,
  type ExpectedOwner,
  ProtocolError,
  toBase64url,
  toHex,
  utf8,
} from '../../../protocol/index.ts';
import { MetaKeyMissing } from '../errors.ts';
import type { Line } from '../extract.ts';
import { type ExtractedEvent, provenBatch, provenEvent } from '../proven-event.ts';
import type { ScopeKeyOf } from '../read-event.ts';
import { streamedText } from '../streamed-text.ts';
import { saidBy, TryAgain } from '../transport.ts';
import type { GrantedKeys } from './granted-keys.ts';
import type { LoggedBatch } from './pinned-log.ts';

/** Batches of one question to the service. */
export const MOST_ASKED = 200;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

export interface OpenLoggedOptions {
  readonly endpoint: string;
  readonly network: string;
  readonly app: Uint8Array;
  /** null: every scope that may be read. */
  readonly scopes: ReadonlySet<string> | null;
  /** null: events of every type. */
  readonly types: ReadonlySet<string> | null;
  readonly granted: GrantedKeys;
  /** The owner's own, of what was written in client mode. */
  readonly keys: readonly ScopeKeyOf[];
  /** Headers of a question: a token that names `events.read`. */
  readonly authorize: () => Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Runs a question when it is its turn: a caller has four streams of the service at most. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  readonly onRefused: ((batchId: string, error: ProtocolError) => void) | undefined;
  readonly onSealed: ((batchId: string) => void) | undefined;
}

/** What the service says of a batch: its heads, as the caller may see them now. */
interface Heads {
  readonly line: BatchLine;
  /** By index. A batch that was asked anew in the middle comes in two parts. */
  readonly events: Map<number, EventLine>;
}

/**
 * Opens batches of the log. The envelopes are the log's, the keys were granted; heads and proofs are asked of the service, which gives away no key of
 * them, and which leaves out what was removed, erased, or is no longer granted at that moment.
 * @returns the events of each, in its order
 * @throws ProtocolError for whatever is not what was signed, unless somebody is told of it; TryAgain, BatchRefused
 */
export async function openLogged(
  options: OpenLoggedOptions,
  batches: readonly LoggedBatch[],
  signal: AbortSignal,
): Promise<ExtractedEvent[][]> {
  const heads = await headsOf(options, batches, signal);
  const shown = batches.filter((batch) => heads.has(toHex(batch.batchId)));
  await options.granted.load(
    shown
      .filter((batch) => heads.get(toHex(batch.batchId))?.line.content !== 'unchecked')
      .map((batch) => ({ ...batch, scopes: wantedOf(batch, options.scopes) })),
  );
  return batches.map((batch) => {
    const id = toHex(batch.batchId);
    const known = heads.get(id);
    if (!known) return [];
    try {
      return eventsOf(options, batch, known);
    } catch (error) {
      if (!(error instanceof ProtocolError) || !options.onRefused) throw error;
      options.onRefused(id, error);
      return [];
    }
  });
}

function wantedOf({ events }: LoggedBatch, scopes: ReadonlySet<string> | null): string[] {
  const names = new Set(events.flatMap((event) => Object.keys(event)));
  return [...names].filter((name) => !scopes || scopes.has(name));
}

function eventsOf(options: OpenLoggedOptions, batch: LoggedBatch, { line, events }: Heads): ExtractedEvent[] {
  const { network, app, scopes, types, granted, keys, onSealed } = options;
  const expected: ExpectedOwner = { network, app: toHex(app), wallet: toHex(batch.wallet) };
  const own = [...granted.of(batch.wallet), ...keys];
  const proven = provenBatch(line, expected, own);
  if (!proven) {
    if (!onSealed) throw new MetaKeyMissing(line.id);
    onSealed(line.id);
    return [];
  }
  const opened: ExtractedEvent[] = [];
  for (const event of [...events.values()].sort((a, b) => a.index - b.index)) {
    const isWanted = ({ type }: { readonly type: string }) => !types || types.has(type);
    const found = provenEvent(proven, withEnvelopes(event, batch, scopes), own, isWanted);
    if (found && Object.keys(found.scopes).length > 0) opened.push(found);
  }
  return opened;
}

/** The service shows commitments alone: what is sealed is in the log already. */
function withEnvelopes(line: EventLine, batch: LoggedBatch, wanted: ReadonlySet<string> | null): EventLine {
  const stored = batch.events[line.index] ?? {};
  const sealed = Object.entries(stored)
    .filter(([scope]) => !wanted || wanted.has(scope))
    .map(([scope, envelope]) => [scope, { ...line.scopes[scope], envelope: toBase64url(envelope) }]);
  return { ...line, scopes: { ...line.scopes, ...Object.fromEntries(sealed) } };
}

/** Of those that the caller may see something of; asked again until each is indexed. */
async function headsOf(
  options: OpenLoggedOptions,
  batches: readonly LoggedBatch[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Heads>> {
  const found = new Map<string, Heads>();
  let left = batches.map(({ batchId }) => toHex(batchId));
  for (let pauseMs = FIRST_PAUSE_MS; left.length > 0; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
    const those = left;
    left = await options.inTurn(() => ask(options, those, found, signal));
    if (left.length > 0) await options.pause(pauseMs, signal);
    signal.throwIfAborted();
  }
  return found;
}

type NamedLine = Line & { readonly unknown?: { readonly id: string } };

/** @returns those that are not indexed yet */
async function ask(
  { endpoint, app, authorize, fetch: fetched }: OpenLoggedOptions,
  ids: readonly string[],
  found: Map<string, Heads>,
  signal: AbortSignal,
): Promise<string[]> {
  const address = `${endpoint.replace(/\/$/, '')}/v1/apps/${toHex(app)}/batch-events`;
  const headers = { ...authorize(), 'content-type': 'application/json' };
  const body = utf8(JSON.stringify({ ids, scopes: [] })) as Uint8Array<ArrayBuffer>;
  const unknown: string[] = [];
  let current: Heads | null = null;
  for await (const text of streamedText(fetched, address, { method: 'POST', headers, body, signal }, '\n')) {
    const line = JSON.parse(text) as NamedLine;
    if (line.problem) throw new TryAgain(saidBy(line.problem));
    if (line.batch) {
      current = 'unreadable' in line.batch ? null : headsFor(found, line.batch, ids);
    } else if (line.event) current?.events.set(line.event.index, line.event);
    else if (line.unknown) unknown.push(line.unknown.id);
    else if (line.end) return unknown;
  }
  throw new TryAgain('the stream was cut');
}

function headsFor(found: Map<string, Heads>, line: BatchLine, ids: readonly string[]): Heads {
  if (!ids.includes(line.id)) throw new ProtocolError('disclosure', 'another owner or batch');
  const heads = found.get(line.id) ?? { line, events: new Map<number, EventLine>() };
  found.set(line.id, heads);
  return heads;
}
