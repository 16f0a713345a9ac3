import {
  type Event,
  equalBytes,
  META_SCOPE,
  type Meta,
  openAll,
  openMeta,
  type Place,
  ProtocolError,
  type SealedPart,
  toHex,
} from '../../protocol/index.ts';
import type { PinnedBody } from '../../schemas/index.ts';
import type { OpenedColumns } from './opened-columns.ts';

/** What of a live batch is needed to open it. */
export interface ClosedBatch {
  readonly app: Uint8Array;
  readonly wallet: Uint8Array;
  readonly batchId: Uint8Array;
  readonly body: Pick<PinnedBody, 'mode' | 'epoch' | 'subject' | 'meta' | 'events'>;
}

/** What opening one batch gave. `refused`: no key for its meta, or a client sealed what does not match what it signed. */
export type OpenedBatch =
  | { readonly kind: 'events'; readonly columns: OpenedColumns }
  | { readonly kind: 'refused'; readonly why: 'no_key' | 'mismatch' };

/** Keys of one batch, by scope; null where the vault refuses. */
export type ScopeKeys = (scope: string) => Uint8Array | null;

/**
 * The events of a batch: its meta proves the signature, each scope that the export may read is opened and checked against the
 * commitment that was signed. An event with none of the export's scopes is left out; with no scopes configured, none is.
 * @throws ProtocolError when what our own encryptor sealed does not match: a bug, never skipped
 */
export function openBatch(batch: ClosedBatch, scopes: readonly string[], keys: ScopeKeys): OpenedBatch {
  const metaKey = keys(META_SCOPE);
  if (metaKey === null) return { kind: 'refused', why: 'no_key' };
  try {
    return { kind: 'events', columns: columnsOf(batch, scopes, keys, metaKey) };
  } catch (error) {
    if (error instanceof ProtocolError && batch.body.mode === 'client') return { kind: 'refused', why: 'mismatch' };
    throw error;
  }
}

function columnsOf(batch: ClosedBatch, scopes: readonly string[], keys: ScopeKeys, metaKey: Uint8Array): OpenedColumns {
  const { app, body } = batch;
  const { epoch, subject } = body;
  const meta = openMeta({ scopeKey: metaKey, subject, app, epoch, envelope: body.meta });
  const { signer, source, seq, issuedAt, wallet } = meta.header;
  if (!equalBytes(meta.batchId, batch.batchId) || wallet !== toHex(batch.wallet))
    throw new ProtocolError('meta', 'batch');
  if (meta.events.length !== body.events.length) throw new ProtocolError('count', 'events');
  const opened = scopes.flatMap((scope) => {
    const key = keys(scope);
    return key === null ? [] : [{ scope, texts: openScope(body, meta, { scopeKey: key, epoch, app, subject, scope }) }];
  });
  const shown = meta.events.flatMap((event, slot) => {
    if ('leaf' in event) return [];
    return scopes.length === 0 || opened.some(({ texts }) => texts[slot] !== undefined) ? [{ event, slot }] : [];
  });
  const column = <T>(of: (event: Event) => T): T[] => shown.map(({ event }) => of(event));
  const types = [...new Set(column(({ type }) => type))];
  const read = opened.map(({ scope, texts }) => ({ scope, texts: shown.map(({ slot }) => texts[slot]) }));
  const closed = shown.map(({ event }, i) => closedOf(event, read, i));
  return {
    signer,
    source,
    seq,
    issuedAt,
    slots: shown.map(({ slot }) => slot),
    ids: column(({ id }) => id),
    types,
    typeOf: column(({ type }) => types.indexOf(type)),
    times: column(({ time }) => Date.parse(time)),
    sessions: unlessEmpty(column(({ session = null }) => session)),
    blobs: unlessEmpty(column(({ blob = null }) => blob)),
    scopes: read,
    closed: closed.some((names) => names.length > 0) ? closed : null,
  };
}

/** One scope of all events that have it, by their slots. */
function openScope({ events }: ClosedBatch['body'], meta: Meta, place: Omit<Place, 'eventId'>): string[] {
  const slots: number[] = [];
  const parts: SealedPart[] = [];
  for (const [slot, event] of meta.events.entries()) {
    const envelope = ownOf(events[slot], place.scope);
    const closed = 'leaf' in event ? undefined : ownOf(event.scopes, place.scope);
    if ('leaf' in event || !envelope || !closed || !('commitment' in closed)) continue;
    slots.push(slot);
    parts.push({ eventId: event.id, envelope, commitment: closed.commitment });
  }
  const texts: string[] = [];
  for (const [i, text] of openAll(place, parts).entries()) texts[slots[i] as number] = text;
  return texts;
}

/** Scopes of an event that were not read. */
function closedOf({ scopes }: Event, read: OpenedColumns['scopes'], i: number): string[] {
  const closed: string[] = [];
  for (const name in scopes)
    if (!read.some(({ scope, texts }) => scope === name && texts[i] !== undefined)) closed.push(name);
  return closed;
}

const unlessEmpty = <T>(column: readonly (T | null)[]) => (column.some((one) => one !== null) ? column : null);

const ownOf = <T>(of: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  of && Object.hasOwn(of, name) ? of[name] : undefined;
