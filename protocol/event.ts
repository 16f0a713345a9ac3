import { isHex, isWellFormed } from './bytes.ts';
import { isCidV1 } from './cid.ts';
import { ProtocolError, shownName } from './errors.ts';
import { isScopeName } from './scope-name.ts';

/** A scope with its content. */
export type OpenScope = {
  /** 16 random bytes, hex, new for each scope of each event: without it the commitment would tell its content. */
  salt: string;
  /** Text exactly as it is hashed, often JSON. */
  data: string;
};
/** A scope of which only the commitment is shown. */
export type ClosedScope = {
  /** BLAKE2b-256 under the salt, 32 bytes, hex. */
  commitment: string;
};
/** A scope that the client encrypted itself. */
export type SealedScope = {
  /** 32 bytes, hex. */
  commitment: string;
  /** 94 bytes or more, base64url. */
  envelope: string;
};
/** One scope of an event, in any of its three forms; all give the same leaf. */
export type Scope = OpenScope | ClosedScope | SealedScope;

/** One record of what a user did. */
export interface Event {
  /** UUIDv7, lower case. */
  id: string;
  /** 1 to 128 bytes of text without control characters. */
  type: string;
  /** `YYYY-MM-DDTHH:MM:SS.mmmZ`, when it happened. */
  time: string;
  /** As `type`. */
  session?: string;
  /** CIDv1, base32: content that is kept elsewhere. */
  blob?: string;
  /** 1 to 64, by name: 1 to 64 of [A-Za-z0-9_.-]. */
  scopes: Record<string, Scope>;
}

/** An event that was lawfully removed: only its leaf is left. */
export type RemovedEvent = {
  /** 32 bytes, hex. */
  leaf: string;
};

/** Most scopes of one event. */
export const MAX_SCOPES = 64;
/** Shortest envelope in base64url: 94 bytes. */
const MIN_ENVELOPE_TEXT = 126;

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const PLAIN_LABEL = /^[\x20-\x7e]{1,128}$/;
const CONTROL = /\p{Cc}/u;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A JSON object's members, or a refusal with this code. */
export function members(value: unknown, code: ConstructorParameters<typeof ProtocolError>[0]): Record<string, unknown> {
  if (!isObject(value)) throw new ProtocolError(code);
  return value;
}

/** The refusal of a member that the format does not know. */
export function unknownMember(name: string, where: string): ProtocolError {
  return name === '__proto__'
    ? new ProtocolError('proto')
    : new ProtocolError('field', `${shownName(name)} in ${where}`);
}

/** Whether a JSON value is a UUIDv7 in lower case. */
export const isEventId = (value: unknown): value is string => typeof value === 'string' && UUID_V7.test(value);

const twoDigits = (text: string, at: number) => 10 * text.charCodeAt(at) + text.charCodeAt(at + 1) - 11 * 0x30;

/** Equal to its own `toISOString()`, without making a Date for each event. */
function isTime(value: unknown): value is string {
  if (typeof value !== 'string' || !TIME.test(value)) return false;
  const month = twoDigits(value, 5);
  const day = twoDigits(value, 8);
  if (month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  if (month !== 2) return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
  const year = Number(value.slice(0, 4));
  return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Milliseconds since the epoch of an event's time. Its form was checked, so that its digits are where they are: a general parser takes several times as long. */
export function millisecondsOf(time: string): number {
  const century = twoDigits(time, 0);
  // Date.UTC takes years below 100 for years of another century.
  if (century === 0) return Date.parse(time);
  return Date.UTC(
    100 * century + twoDigits(time, 2),
    twoDigits(time, 5) - 1,
    twoDigits(time, 8),
    twoDigits(time, 11),
    twoDigits(time, 14),
    twoDigits(time, 17),
    10 * twoDigits(time, 20) + time.charCodeAt(22) - 0x30,
  );
}

/** Whether a JSON value is 1–128 bytes of text without control characters. */
export function isLabel(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  if (PLAIN_LABEL.test(value)) return true;
  if (value.length === 0 || value.length > 128 || CONTROL.test(value) || !isWellFormed(value)) return false;
  return new TextEncoder().encode(value).length <= 128;
}

/** Whether a JSON value is an envelope in base64url, by length; its characters are read when it is decoded. */
export const isEnvelopeText = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= MIN_ENVELOPE_TEXT && value.length % 4 !== 1;

function checkScope(value: unknown): void {
  const scope = members(value, 'scope');
  for (const name in scope) {
    if (name !== 'salt' && name !== 'data' && name !== 'commitment' && name !== 'envelope')
      throw unknownMember(name, 'a scope');
  }
  const { salt, data, commitment, envelope } = scope;
  if (commitment === undefined) {
    if (envelope !== undefined || salt === undefined || data === undefined) throw new ProtocolError('scope');
    if (!isHex(salt, 16)) throw new ProtocolError('salt');
    if (typeof data !== 'string' || !isWellFormed(data)) throw new ProtocolError('data');
    return;
  }
  if (salt !== undefined || data !== undefined) throw new ProtocolError('scope');
  if (!isHex(commitment, 32)) throw new ProtocolError('commitment');
  if (envelope !== undefined && !isEnvelopeText(envelope)) throw new ProtocolError('envelope');
}

function checkScopes(value: unknown): void {
  const scopes = members(value, 'scope');
  let count = 0;
  for (const name in scopes) {
    if (!isScopeName(name)) throw new ProtocolError(name === '__proto__' ? 'proto' : 'scope');
    if (++count > MAX_SCOPES) throw new ProtocolError('scope');
    checkScope(scopes[name]);
  }
  if (count === 0) throw new ProtocolError('scope');
}

/**
 * Checks a parsed JSON value against every rule for an event. Returns the same object: what was parsed is what is hashed, stored and shown.
 * @throws ProtocolError with the code of the first field that is wrong.
 */
export function parseEvent(value: unknown): Event {
  const event = members(value, 'event');
  for (const name in event) {
    switch (name) {
      case 'id':
      case 'type':
      case 'time':
      case 'session':
      case 'blob':
      case 'scopes':
        break;
      default:
        throw unknownMember(name, 'an event');
    }
  }
  const { id, type, time, session, blob } = event;
  if (!isEventId(id)) throw new ProtocolError('id');
  if (!isLabel(type)) throw new ProtocolError('type');
  if (!isTime(time)) throw new ProtocolError('time');
  if (session !== undefined && !isLabel(session)) throw new ProtocolError('session');
  if (blob !== undefined && (typeof blob !== 'string' || !isCidV1(blob))) throw new ProtocolError('blob');
  checkScopes(event.scopes);
  return value as Event;
}
