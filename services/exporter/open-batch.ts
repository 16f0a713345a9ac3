import {
  type Event,
  equalBytes,
  META_SCOPE,
  type Meta,
  millisecondsOf,
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
  const slots: number[] = [];
  const ids: string[] = [];
  const types: string[] = [];
  const typeOf: number[] = [];
  const times: number[] = [];
  const sessions: (string | null)[] = [];
  const blobs: (string | null)[] = [];
  const closed: (readonly string[])[] = [];
  for (const [slot, event] of meta.events.entries()) {
    if ('leaf' in event) continue;
    if (scopes.length > 0 && opened.every(({ texts }) => texts[slot] === undefined)) continue;
    slots.push(slot);
    ids.push(event.id);
    if (!types.includes(event.type)) types.push(event.type);
    typeOf.push(types.indexOf(event.type));
    times.push(millisecondsOf(event.time));
    sessions.push(event.session ?? null);
    blobs.push(event.blob ?? null);
    closed.push(closedOf(event, opened, slot));
  }
  return {
    ...{ signer, source, seq, issuedAt },
    ...{ slots, ids, types, typeOf, times },
    sessions: unlessEmpty(sessions),
    blobs: unlessEmpty(blobs),
    scopes: opened.map(({ scope, texts }) => ({ scope, texts: slots.map((slot) => texts[slot]) })),
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

const NONE: readonly string[] = [];

/** Scopes of an event that were not read: mostly there are none, and nothing is made to say so. */
function closedOf({ scopes }: Event, read: OpenedColumns['scopes'], slot: number): readonly string[] {
  let closed: string[] | null = null;
  for (const name in scopes) {
    if (read.some(({ scope, texts }) => scope === name && texts[slot] !== undefined)) continue;
    closed ??= [];
    closed.push(name);
  }
  return closed ?? NONE;
}

const unlessEmpty = <T>(column: readonly (T | null)[]) => (column.some((one) => one !== null) ? column : null);

const ownOf = <T>(of: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  of && Object.hasOwn(of, name) ? of[name] : undefined;
