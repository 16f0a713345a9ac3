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
import type { KeyRing } from './keys.ts';
import type { LiveBatch } from './live-batch.ts';
import type { OpenedEvent } from './opened-event.ts';

/** What opening one batch gave. `refused`: no key for its meta, or a client sealed what does not match what it signed. */
export type OpenedBatch =
  | { readonly kind: 'events'; readonly events: OpenedEvent[] }
  | { readonly kind: 'refused'; readonly why: 'no_key' | 'mismatch' };

/**
 * The events of a batch: its meta proves the signature, each scope that the export may read is opened and checked against the
 * commitment that was signed. An event with none of the export's scopes is left out; with no scopes configured, none is.
 * @throws ProtocolError when what our own encryptor sealed does not match: a bug, never skipped
 */
export function openBatch(batch: LiveBatch, partition: number, scopes: readonly string[], keys: KeyRing): OpenedBatch {
  const metaKey = keys(batch, META_SCOPE);
  if (metaKey === null) return { kind: 'refused', why: 'no_key' };
  try {
    return { kind: 'events', events: eventsOf(batch, partition, scopes, keys, metaKey) };
  } catch (error) {
    if (error instanceof ProtocolError && batch.value.body.mode === 'client')
      return { kind: 'refused', why: 'mismatch' };
    throw error;
  }
}

function eventsOf(
  batch: LiveBatch,
  partition: number,
  scopes: readonly string[],
  keys: KeyRing,
  metaKey: Uint8Array,
): OpenedEvent[] {
  const { origin, value } = batch;
  const { app, body } = value;
  const { epoch, subject } = body;
  const meta = openMeta({ scopeKey: metaKey, subject, app, epoch, envelope: body.meta });
  const { header } = meta;
  const wallet = toHex(value.wallet);
  if (!equalBytes(meta.batchId, value.batchId) || header.wallet !== wallet) throw new ProtocolError('meta', 'batch');
  if (meta.events.length !== body.events.length) throw new ProtocolError('count', 'events');
  const names = { app: toHex(app), batchId: toHex(value.batchId) };
  const { signer, source, seq, issuedAt } = header;
  const opened = scopes.flatMap((scope) => {
    const scopeKey = keys(batch, scope);
    return scopeKey === null ? [] : [{ scope, texts: openScope(batch, meta, { scopeKey, epoch, app, subject, scope }) }];
  });
  const events: OpenedEvent[] = [];
  for (let slot = 0; slot < meta.events.length; slot += 1) {
    const event = meta.events[slot];
    if (event === undefined || 'leaf' in event) continue;
    const texts: Record<string, string> = {};
    let found = 0;
    for (const one of opened) {
      const text = one.texts[slot];
      if (text === undefined) continue;
      texts[one.scope] = text;
      found += 1;
    }
    if (found === 0 && scopes.length > 0) continue;
    events.push({
      // Said in full: an object that is put together of parts takes longer to make than its event to decrypt.
      common: {
        app: names.app,
        wallet,
        batchId: names.batchId,
        eventId: event.id,
        type: event.type,
        time: Date.parse(event.time),
        session: event.session ?? null,
        blob: event.blob ?? null,
        signer,
        source,
        seq,
        slot,
        origin,
        partition,
        issuedAt,
        // The meta opened only if its signature holds, and each scope only if it is what was committed to.
        verified: true,
      },
      scopes: texts,
      closed: closedOf(event, texts),
    });
  }
  return events;
}

/** One scope of all events that have it, by their slots. */
function openScope({ value: { body } }: LiveBatch, { events }: Meta, place: Omit<Place, 'eventId'>): string[] {
  const slots: number[] = [];
  const parts: SealedPart[] = [];
  for (let slot = 0; slot < events.length; slot += 1) {
    const event = events[slot];
    const envelope = envelopeOf(body.events[slot], place.scope);
    if (!envelope || event === undefined || 'leaf' in event) continue;
    const closed = Object.hasOwn(event.scopes, place.scope) ? event.scopes[place.scope] : undefined;
    if (!closed || !('commitment' in closed)) continue;
    slots.push(slot);
    parts.push({ eventId: event.id, envelope, commitment: closed.commitment });
  }
  const texts: string[] = [];
  for (const [i, text] of openAll(place, parts).entries()) texts[slots[i] as number] = text;
  return texts;
}

/** Scopes of an event that were not read; mostly there are none. */
function closedOf({ scopes }: Event, texts: Readonly<Record<string, string>>): readonly string[] {
  let closed: readonly string[] = NONE;
  for (const scope in scopes) if (!Object.hasOwn(texts, scope)) closed = [...closed, scope];
  return closed;
}

const NONE: readonly string[] = [];

const envelopeOf = (event: Record<string, Uint8Array> | undefined, scope: string): Uint8Array | undefined =>
  event && Object.hasOwn(event, scope) ? event[scope] : undefined;
