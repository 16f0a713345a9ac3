import { equalBytes, fromHex, META_SCOPE, open, openMeta, ProtocolError, toHex } from '../../protocol/index.ts';
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
  const ofBatch = {
    app: toHex(app),
    wallet,
    batchId: toHex(value.batchId),
    signer: header.signer,
    source: header.source,
    seq: header.seq,
    origin,
    partition,
    issuedAt: header.issuedAt,
    // The meta opened only if its signature holds, and each scope only if it is what was committed to.
    verified: true,
  };
  const mine = scopes.flatMap((scope) => {
    const key = keys(batch, scope);
    return key === null ? [] : [{ scope, key }];
  });
  const events: OpenedEvent[] = [];
  for (const [slot, event] of meta.events.entries()) {
    if ('leaf' in event) continue;
    const opened: [string, string][] = [];
    for (const { scope, key } of mine) {
      const envelope = envelopeOf(body.events[slot], scope);
      const closed = Object.hasOwn(event.scopes, scope) ? event.scopes[scope] : undefined;
      if (!envelope || !closed || !('commitment' in closed)) continue;
      const place = { scopeKey: key, epoch, app, subject, eventId: event.id, scope };
      opened.push([scope, open({ ...place, envelope, commitment: fromHex(closed.commitment, 32) }).data]);
    }
    if (opened.length === 0 && scopes.length > 0) continue;
    const names = new Set(opened.map(([scope]) => scope));
    events.push({
      common: {
        ...ofBatch,
        eventId: event.id,
        type: event.type,
        time: Date.parse(event.time),
        session: event.session ?? null,
        blob: event.blob ?? null,
        slot,
      },
      scopes: Object.fromEntries(opened),
      closed: Object.keys(event.scopes).filter((scope) => !names.has(scope)),
    });
  }
  return events;
}

const envelopeOf = (event: Record<string, Uint8Array> | undefined, scope: string): Uint8Array | undefined =>
  event && Object.hasOwn(event, scope) ? event[scope] : undefined;
