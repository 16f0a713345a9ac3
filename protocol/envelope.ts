import { equalBytes, fromUtf8, isBytes, isWellFormed, readHex, utf8 } from './bytes.ts';
import { ENVELOPE_OVERHEAD } from './encrypted-size.ts';
import { ProtocolError } from './errors.ts';
import { checkEpoch } from './keys.ts';
import { isScopeName, META_SCOPE } from './scope-name.ts';
import { copyOut } from './small-bytes.ts';
import { reserve, sodiumWasm } from './sodium.ts';
import { writeAscii, writeText } from './text.ts';

const RECORD = utf8('cere-ddc:record:v1');
const ENVELOPE = utf8('cere-ddc:env:v1');
const VERSION = 1;
const SUITE = 1;
const EPOCH = 2;
const NONCE = 6;
const KEY_COMMITMENT = 30;
const ENVELOPE_HEAD = 62;
const SALT = 16;
const TAG = 16;

/** Scratch layout: scope key, record key ‖ key commitment (of `open`), then the keyed message with the nonce, whose tail is the aad, then the envelope. */
const KEY = 0;
const RECORD_KEY = 32;
const RECORD_MESSAGE = 96;
const RECORD_NONCE = RECORD_MESSAGE + RECORD.length;
const AAD = RECORD_NONCE + 24 + 4;
const AAD_ROOM = 512;
const BODY = AAD + AAD_ROOM;
/** Where `seal` has record key ‖ key commitment: the latter lies where the envelope has it, the former is overwritten by the envelope's head. */
const SEALED_KEY = BODY + KEY_COMMITMENT - 32;

const encoder = new TextEncoder();
/** Room for the text of most scopes, so that one view of wasm memory serves for them. */
const TEXT_ROOM = 16 * 1024;
let text: Uint8Array = new Uint8Array();

/** The same view as long as the memory and the place are the same: to make one costs as much as to encrypt 100 bytes. */
function textView(heap: Uint8Array, at: number, room: number): Uint8Array {
  if (text.buffer !== heap.buffer || text.byteOffset !== at || text.length < room) text = heap.subarray(at, at + room);
  return text;
}

/** Where an envelope belongs: what its additional data binds it to. */
export interface Place {
  /** 32 bytes, for this scope and epoch. */
  scopeKey: Uint8Array;
  /** 0 to 2^32-1. */
  epoch: number;
  /** 32 bytes. */
  app: Uint8Array;
  /** 32 bytes. */
  subject: Uint8Array;
  /** Id of the event, 36 characters; empty for `__meta` only. */
  eventId: string;
  /** Name of the scope. */
  scope: string;
}

function checkPlace(place: Place): void {
  if (!isBytes(place.scopeKey, 32)) throw new ProtocolError('scope_key');
  checkEpoch(place.epoch);
  if (!isBytes(place.app, 32)) throw new ProtocolError('key', 'app');
  if (!isBytes(place.subject, 32)) throw new ProtocolError('subject');
  if (!isScopeName(place.scope) && place.scope !== META_SCOPE) throw new ProtocolError('scope');
  if (place.eventId.length > 36 || !isWellFormed(place.eventId)) throw new ProtocolError('id');
}

/** Copies a few bytes: for 16 to 32 of them a loop is faster than `set`. */
function write(heap: Uint8Array, at: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) heap[at + i] = bytes[i] as number;
}

function writeU32(heap: Uint8Array, at: number, n: number): void {
  heap[at] = n >>> 24;
  heap[at + 1] = (n >>> 16) & 255;
  heap[at + 2] = (n >>> 8) & 255;
  heap[at + 3] = n & 255;
}

/** Where the event id stands in the aad. */
const AAD_ID = ENVELOPE.length + 72;

/** Writes all that the key of an envelope is derived from, the nonce aside. @returns the length of the aad. */
function writePlace(area: number, place: Place): number {
  const heap = sodiumWasm().HEAPU8;
  const start = area + AAD;
  let at = start;
  write(heap, at, ENVELOPE);
  at += ENVELOPE.length;
  writeU32(heap, at, 32);
  write(heap, at + 4, place.app);
  write(heap, at + 36, place.subject);
  at += 68;
  const idLength = writeText(heap, at + 4, place.eventId);
  writeU32(heap, at, idLength);
  at += 4 + idLength;
  writeU32(heap, at, place.scope.length);
  writeAscii(heap, at + 4, place.scope);
  at += 4 + place.scope.length;
  writeU32(heap, at, place.epoch);
  at += 4;
  const aadLength = at - start;
  write(heap, area + KEY, place.scopeKey);
  write(heap, area + RECORD_MESSAGE, RECORD);
  writeU32(heap, start - 4, aadLength);
  return aadLength;
}

/** Derives record key ‖ key commitment at `area + into`, where place and nonce were written. */
function derive(area: number, aadLength: number, into: number): void {
  const length = AAD - RECORD_MESSAGE + aadLength;
  sodiumWasm()._crypto_generichash(area + into, 64, area + RECORD_MESSAGE, length, 0, area + KEY, 32);
}

/**
 * Encrypts one scope of one event: envelope v1, suite 1.
 * @param request.salt 16 bytes, the salt of the commitment. @param request.nonce 24 random bytes, never used before.
 * Format: docs/formats.md, Envelopes.
 * @example
 * const place = { scopeKey: scopeKey(userRoot, app, 'geo', 0), epoch: 0, app, subject: subjectOf(userRoot), eventId: event.id, scope: 'geo' };
 * open({ ...place, envelope: seal({ ...place, salt, data: 'Bern', nonce }) }).data // 'Bern'
 * @returns 94 bytes more than the UTF-8 of `data`. A short one is a view of a buffer that it shares with other envelopes: copy it before transferring its buffer.
 * @throws ProtocolError `scope_key`, `epoch`, `key`, `subject`, `scope`, `id`, `salt`, `nonce`, `data`.
 */
export function seal(request: Place & { salt: Uint8Array; data: string; nonce: Uint8Array }): Uint8Array {
  const { salt, data, nonce } = request;
  checkPlace(request);
  if (!isBytes(salt, SALT)) throw new ProtocolError('salt');
  if (!isBytes(nonce, 24)) throw new ProtocolError('nonce');
  if (!isWellFormed(data)) throw new ProtocolError('data');
  const room = Math.max(TEXT_ROOM, 3 * data.length);
  const area = reserve(BODY + ENVELOPE_OVERHEAD + room);
  const wasm = sodiumWasm();
  const heap = wasm.HEAPU8;
  const aadLength = writePlace(area, request);
  write(heap, area + RECORD_NONCE, nonce);
  derive(area, aadLength, SEALED_KEY);
  const out = area + BODY;
  const inner = out + ENVELOPE_HEAD;
  write(heap, inner, salt);
  const length = SALT + encoder.encodeInto(data, textView(heap, inner + SALT, room)).written;
  // In place: libsodium allows the ciphertext to lie on its plaintext.
  wasm._crypto_aead_xchacha20poly1305_ietf_encrypt(
    inner,
    0,
    inner,
    length,
    0,
    area + AAD,
    aadLength,
    0,
    0,
    area + RECORD_NONCE,
    area + SEALED_KEY,
  );
  heap[out] = VERSION;
  heap[out + 1] = SUITE;
  writeU32(heap, out + EPOCH, request.epoch);
  write(heap, out + NONCE, nonce);
  const envelope = copyOut(heap.subarray(out, inner + length + TAG));
  heap.fill(0, area, area + 32);
  heap[area + SEALED_KEY] = 0;
  heap[area + SEALED_KEY + 1] = 0;
  return envelope;
}

/** The epoch in an envelope's head: which key it wants. @throws ProtocolError `length`, `version`, `suite`. */
export function envelopeEpoch(envelope: Uint8Array): number {
  if (envelope.length < ENVELOPE_OVERHEAD) throw new ProtocolError('length', 'envelope');
  if (envelope[0] !== VERSION) throw new ProtocolError('version', 'envelope');
  if (envelope[1] !== SUITE) throw new ProtocolError('suite', 'envelope');
  return new DataView(envelope.buffer, envelope.byteOffset).getUint32(EPOCH);
}

/** Whether two stretches of wasm memory are equal; takes the same time whatever they hold. */
function isSame(heap: Uint8Array, a: number, b: number, length: number): boolean {
  let difference = 0;
  for (let i = 0; i < length; i++) difference |= (heap[a + i] as number) ^ (heap[b + i] as number);
  return difference === 0;
}

/** Copies an envelope of the place that was written to wasm memory and decrypts it there. @returns the end of its plaintext, salt ‖ data. */
function decrypt(area: number, aadLength: number, epoch: number, envelope: Uint8Array): number {
  if (envelopeEpoch(envelope) !== epoch) throw new ProtocolError('epoch', 'envelope');
  const wasm = sodiumWasm();
  const heap = wasm.HEAPU8;
  const at = area + BODY;
  const end = at + envelope.length;
  heap.set(envelope, at);
  heap.copyWithin(area + RECORD_NONCE, at + NONCE, at + KEY_COMMITMENT);
  derive(area, aadLength, RECORD_KEY);
  if (!isSame(heap, area + RECORD_KEY + 32, at + KEY_COMMITMENT, 32)) throw new ProtocolError('commitment', 'envelope');
  const inner = at + ENVELOPE_HEAD;
  const failed = wasm._crypto_aead_xchacha20poly1305_ietf_decrypt(
    inner,
    0,
    0,
    inner,
    end - inner,
    0,
    area + AAD,
    aadLength,
    0,
    at + NONCE,
    area + RECORD_KEY,
  );
  if (failed !== 0) throw new ProtocolError('tag', 'envelope');
  return end - TAG;
}

/** Hashes the content's own commitment, H(salt; data), where it lies. @returns where that is */
function commit(area: number, end: number): number {
  const hash = area + RECORD_KEY;
  const inner = area + BODY + ENVELOPE_HEAD;
  sodiumWasm()._crypto_generichash(hash, 32, inner + SALT, end - inner - SALT, 0, inner, SALT);
  return hash;
}

/**
 * Opens an envelope, checked in this order: length, version, suite, epoch, key commitment (constant time), tag, UTF-8, and the scope's
 * commitment where it is given. The codes, in this order: `length`, `version`, `suite`, `epoch`, `commitment`, `tag`, `utf8`, `commitment`.
 * @param request.commitment 32 bytes, the one in the signed event: without it nothing ties the content to a signature.
 * @throws ProtocolError with the code of the first that fails, or of a malformed place as `seal`.
 */
export function open(request: Place & { envelope: Uint8Array; commitment?: Uint8Array | undefined }): {
  salt: Uint8Array;
  data: string;
} {
  const { envelope, epoch } = request;
  checkPlace(request);
  const area = reserve(BODY + envelope.length);
  const heap = sodiumWasm().HEAPU8;
  try {
    const end = decrypt(area, writePlace(area, request), epoch, envelope);
    const inner = area + BODY + ENVELOPE_HEAD;
    const opened = { salt: heap.slice(inner, inner + SALT), data: fromUtf8(heap.subarray(inner + SALT, end)) };
    if (request.commitment !== undefined) {
      const hash = commit(area, end);
      if (!equalBytes(heap.subarray(hash, hash + 32), request.commitment)) throw new ProtocolError('commitment');
    }
    return opened;
  } finally {
    heap.fill(0, area, area + RECORD_MESSAGE);
  }
}

/** One scope of one event, sealed, and what its author signed of it. */
export interface SealedPart {
  /** 36 characters. */
  readonly eventId: string;
  readonly envelope: Uint8Array;
  /** 32 bytes, hex. */
  readonly commitment: string;
}

/** Decodes many short texts at once: to call the decoder takes longer than what it does. */
class Texts {
  readonly #bytes: Uint8Array;
  readonly #ends: number[] = [];
  #end = 0;

  constructor(room: number) {
    this.#bytes = new Uint8Array(room);
  }

  add(from: Uint8Array, start: number, end: number): void {
    this.#bytes.set(from.subarray(start, end), this.#end);
    this.#end += end - start;
    this.#ends.push(this.#end);
  }

  /** @throws ProtocolError `utf8` when one of them is none */
  decoded(): string[] {
    const all = fromUtf8(this.#bytes);
    const isAscii = all.length === this.#bytes.length;
    let start = 0;
    return this.#ends.map((end) => {
      const text = isAscii ? all.slice(start, end) : fromUtf8(this.#bytes.subarray(start, end));
      start = end;
      return text;
    });
  }
}

/**
 * Opens one scope of many events of a batch as `open` does each of them: place and key are checked and written once, not once per event.
 * @returns their data, in order. @throws ProtocolError as `open`; `id`, `hex`.
 */
export function openAll(place: Omit<Place, 'eventId'>, parts: readonly SealedPart[]): string[] {
  const [first] = parts;
  if (first === undefined) return [];
  const one = { ...place, eventId: first.eventId };
  checkPlace(one);
  const area = reserve(BODY + parts.reduce((most, { envelope }) => Math.max(most, envelope.length), 0));
  const heap = sodiumWasm().HEAPU8;
  try {
    const aadLength = writePlace(area, one);
    const inner = area + BODY + ENVELOPE_HEAD;
    const texts = new Texts(
      parts.reduce((sum, { envelope }) => sum + Math.max(0, envelope.length - ENVELOPE_OVERHEAD), 0),
    );
    for (const { eventId, envelope, commitment } of parts) {
      // An id of another length would move what follows it.
      if (eventId.length !== 36 || writeText(heap, area + AAD + AAD_ID, eventId) !== 36) throw new ProtocolError('id');
      const end = decrypt(area, aadLength, place.epoch, envelope);
      const hash = commit(area, end);
      if (!readHex(commitment, heap, hash + 32, 32)) throw new ProtocolError('hex');
      if (!isSame(heap, hash, hash + 32, 32)) throw new ProtocolError('commitment');
      texts.add(heap, inner + SALT, end);
    }
    return texts.decoded();
  } finally {
    heap.fill(0, area, area + RECORD_MESSAGE);
  }
}
