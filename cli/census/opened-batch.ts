import {
  fromHex,
  type Header,
  META_SCOPE,
  open,
  openMeta,
  ProtocolError,
  scopeKey,
  toHex,
} from '../../protocol/index.ts';
import type { OpenRoot } from '../../services/pipeline/ports/vault.ts';
import type { StoredBatch } from '../../services/pipeline/segment-reader.ts';
import type { IndexRow } from './index-rows.ts';

/** An event as its owner reads it, its scopes opened and checked against what was signed. */
export interface OpenedEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly session?: string | undefined;
  /** Scope name → plaintext. */
  readonly scopes: Readonly<Record<string, string>>;
}

/** A batch read from IPFS: header with a signature that was verified, leaves of its tree, and every event opened. */
export interface OpenedBatch {
  readonly header: Header;
  readonly leaves: readonly Uint8Array[];
  readonly root: Uint8Array;
  readonly events: readonly OpenedEvent[];
}

/**
 * Opens a stored batch with the owner's root: the meta first (which verifies the signature and yields the commitments), then every scope
 * of every event against its commitment.
 * @throws ProtocolError when anything does not fit.
 */
export function openBatch(stored: StoredBatch, row: IndexRow, root: OpenRoot): OpenedBatch {
  const { app, epoch } = row;
  const keys = new Map<string, Uint8Array>();
  const keyOf = (scope: string): Uint8Array => {
    const known = keys.get(scope) ?? scopeKey(root.userRoot, app, scope, epoch);
    keys.set(scope, known);
    return known;
  };
  const place = { epoch, app, subject: row.subject };
  const meta = openMeta({ ...place, scopeKey: keyOf(META_SCOPE), envelope: stored.meta });
  if (toHex(meta.batchId) !== toHex(row.batchId)) throw new ProtocolError('meta', 'the meta belongs to another batch');
  const events = meta.events.map((event, i): OpenedEvent => {
    if ('leaf' in event) throw new ProtocolError('meta', `event ${i} was removed`);
    const envelopes = stored.events[i] ?? {};
    const scopes: Record<string, string> = {};
    for (const [scope, closed] of Object.entries(event.scopes)) {
      const envelope = envelopes[scope];
      if (!envelope || !('commitment' in closed))
        throw new ProtocolError('scope', `event ${event.id} has no envelope for ${scope}`);
      const at = { ...place, scopeKey: keyOf(scope), eventId: event.id, scope };
      scopes[scope] = open({ ...at, envelope, commitment: fromHex(closed.commitment, 32) }).data;
    }
    return { id: event.id, type: event.type, time: event.time, session: event.session, scopes };
  });
  return { header: meta.header, leaves: meta.leaves, root: meta.root, events };
}
