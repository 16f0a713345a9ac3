import { toBase64url, toHex, utf8 } from './bytes.ts';
import type { Event } from './event.ts';
import type { Header } from './header.ts';

/** What a client that encrypts itself adds to the header line, outside the signature. */
export interface ClientPart {
  /** 32 bytes. */
  subject: Uint8Array;
  /** The epoch of the keys of all its envelopes, 0 to 2^32-1. */
  epoch: number;
  /** The envelope of scope `__meta`. */
  meta: Uint8Array;
}

/** A header and its events, parsed but not verified. */
export interface Batch {
  header: Header;
  /** 1 to 1000, in the order that the tree has. */
  events: Event[];
  /** Set in client mode only. */
  client?: ClientPart;
}

/** Most bytes of a decoded body. */
export const MAX_BODY = 2_000_000;
/** Most bytes of an encrypted batch: it must fit a segment. */
export const MAX_ENCRYPTED = 1_000_000;

/**
 * The NDJSON body of a request: header line, one line per event, each ended by LF; UTF-8. `parseBatch` reads it back.
 * @throws ProtocolError `utf8` on lone surrogates.
 */
export function encodeNdjson({ header, events, client }: Batch): Uint8Array {
  const first =
    client === undefined
      ? header
      : { ...header, subject: toHex(client.subject), epoch: client.epoch, meta: toBase64url(client.meta) };
  let text = `${JSON.stringify(first)}\n`;
  for (const event of events) text += `${JSON.stringify(event)}\n`;
  return utf8(text);
}
