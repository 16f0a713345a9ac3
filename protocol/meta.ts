import { isHex, toHex } from './bytes.ts';
import { closeEvent } from './close-event.ts';
import { open, seal } from './envelope.ts';
import { ProtocolError } from './errors.ts';
import { type Event, members, parseEvent, type RemovedEvent } from './event.ts';
import { batchId, type Header, parseHeader } from './header.ts';
import { scopeKey, subjectOf } from './keys.ts';
import { parseJson } from './parse-batch.ts';
import { META_SCOPE } from './scope-name.ts';
import { hashEvents, isSigned } from './verify-batch.ts';

const NO_SALT = new Uint8Array(16);

/** Whoever holds the user root, or only the key of scope `__meta`. */
export type MetaKey = ({ userRoot: Uint8Array } | { scopeKey: Uint8Array; subject: Uint8Array }) & {
  /** 32 bytes. */
  app: Uint8Array;
  /** 0 to 2^32-1. */
  epoch: number;
};

/** What the meta of a batch says: the signed header, and its events with every scope closed. */
export interface Meta {
  /** With its signature, which held. */
  header: Header;
  /** In batch order. */
  events: (Event | RemovedEvent)[];
  /** One per event, 32 bytes each. */
  leaves: Uint8Array[];
  /** Merkle root, 32 bytes. */
  root: Uint8Array;
  /** 32 bytes. */
  batchId: Uint8Array;
}

function placeOf(key: MetaKey) {
  const held =
    'userRoot' in key
      ? { scopeKey: scopeKey(key.userRoot, key.app, META_SCOPE, key.epoch), subject: subjectOf(key.userRoot) }
      : { scopeKey: key.scopeKey, subject: key.subject };
  return { ...held, app: key.app, epoch: key.epoch, eventId: '', scope: META_SCOPE };
}

/** The text of a meta: {v: 1, header, events}, every scope as `{commitment}`. */
function metaText(header: Header, events: readonly (Event | RemovedEvent)[]): string {
  return JSON.stringify({
    v: 1,
    header,
    events: events.map((event) => ('leaf' in event ? { leaf: event.leaf } : closeEvent(event))),
  });
}

/**
 * Seals the meta of a batch: envelope of scope `__meta`, event id "", salt of 16 zero bytes. It holds no content, only names and commitments.
 * @param request.nonce 24 random bytes, never used before. @throws ProtocolError as `seal`.
 */
export function sealMeta(
  request: MetaKey & { header: Header; events: readonly (Event | RemovedEvent)[]; nonce: Uint8Array },
): Uint8Array {
  return seal({
    ...placeOf(request),
    salt: NO_SALT,
    data: metaText(request.header, request.events),
    nonce: request.nonce,
  });
}

function parseMetaEvent(value: unknown): Event | RemovedEvent {
  const event = members(value, 'meta');
  if (event.leaf !== undefined) {
    if (Object.keys(event).length !== 1 || !isHex(event.leaf, 32)) throw new ProtocolError('meta', 'leaf');
    return { leaf: event.leaf };
  }
  const parsed = parseEvent(value);
  for (const scope of Object.values(parsed.scopes)) {
    if ('data' in scope || 'envelope' in scope) throw new ProtocolError('meta', 'scope');
  }
  return parsed;
}

/** Reads and checks the text of a meta; recomputes leaves, root and batch id, and verifies the signature. */
function parseMeta(text: string): Meta {
  const meta = members(parseJson(text), 'meta');
  if (meta.v !== 1 || !Array.isArray(meta.events) || Object.keys(meta).length !== 3) throw new ProtocolError('meta');
  const header = parseHeader(meta.header);
  const events = meta.events.map(parseMetaEvent);
  if (events.length !== header.count) throw new ProtocolError('count', 'meta');
  const { leaves, root } = hashEvents(events);
  if (!isSigned(header, root)) throw new ProtocolError('signature', 'meta');
  return { header, events, leaves, root, batchId: batchId(header, root) };
}

/**
 * Opens a batch's meta without proving anything: for whoever has sealed it after it was verified, and knows its hash.
 * @throws ProtocolError of `open`, or `meta`
 */
export function peekMeta(request: MetaKey & { envelope: Uint8Array }): Pick<Meta, 'header' | 'events'> {
  const { data } = open({ ...placeOf(request), envelope: request.envelope });
  const { header, events } = members(JSON.parse(data), 'meta') as unknown as Pick<Meta, 'header' | 'events'>;
  if (members(header, 'meta').app !== toHex(request.app) || !Array.isArray(events)) throw new ProtocolError('meta');
  return { header, events };
}

/**
 * Opens a batch's meta and proves it: the signature holds over the recomputed root.
 * @throws ProtocolError of `open`, or `meta`, `count`, `signature`, or the code of a malformed field.
 */
export function openMeta(request: MetaKey & { envelope: Uint8Array }): Meta {
  const { salt, data } = open({ ...placeOf(request), envelope: request.envelope });
  if (salt.some((byte) => byte !== 0)) throw new ProtocolError('meta', 'salt');
  const meta = parseMeta(data);
  if (meta.header.app !== toHex(request.app)) throw new ProtocolError('meta', 'app');
  return meta;
}
