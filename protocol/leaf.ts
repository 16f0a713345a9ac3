import { isWellFormed, readHex } from './bytes.ts';
import { ENVELOPE_OVERHEAD, type EncryptedSize } from './encrypted-size.ts';
import { ProtocolError } from './errors.ts';
import { type Event, parseEvent } from './event.ts';
import { reserve, sodiumWasm } from './sodium.ts';
import { writeAscii, writeText } from './text.ts';

/**
 * Scratch layout: salt, then room for the preimage of a leaf without its data (64 scopes of at most 64 + 36 bytes, five fields), then the data.
 * All sizes in bytes.
 */
const SALT = 0;
const PREIMAGE = 16;
const PREIMAGE_ROOM = 8 * 1024;
export const LEAF_ROOM = PREIMAGE + PREIMAGE_ROOM;

/** Longest UTF-8 form of any data in the event, from above. */
export function dataRoom(event: Event): number {
  let longest = 0;
  for (const name in event.scopes) {
    const scope = event.scopes[name];
    if (scope !== undefined && 'data' in scope && scope.data.length > longest) longest = scope.data.length;
  }
  return 3 * longest;
}

function writeLength(heap: Uint8Array, at: number, length: number): void {
  heap[at] = length >>> 24;
  heap[at + 1] = (length >>> 16) & 255;
  heap[at + 2] = (length >>> 8) & 255;
  heap[at + 3] = length & 255;
}

/** lp(text). @returns the offset after it. */
function writeField(heap: Uint8Array, at: number, text: string | undefined): number {
  const length = text === undefined ? 0 : writeText(heap, at + 4, text);
  writeLength(heap, at, length);
  return at + 4 + length;
}

/**
 * Writes the preimage of a checked event at `area`, where `LEAF_ROOM + dataRoom(event)` bytes are reserved. The commitments are hashed in place,
 * so that nothing is allocated. Adds to `size`. @returns the length of the preimage, which starts at `area + 16`.
 */
export function writePreimage(event: Event, area: number, size?: EncryptedSize): number {
  const wasm = sodiumWasm();
  const heap = wasm.HEAPU8;
  const start = area + PREIMAGE;
  const data = area + LEAF_ROOM;
  heap[start] = 0;
  let at = writeField(heap, start + 1, event.id);
  at = writeField(heap, at, event.type);
  at = writeField(heap, at, event.time);
  at = writeField(heap, at, event.session);
  at = writeField(heap, at, event.blob);
  const names = Object.keys(event.scopes);
  // Names are ASCII, so the order of UTF-16 units is the order of bytes.
  if (names.length > 1) names.sort();
  heap[at] = names.length >>> 8;
  heap[at + 1] = names.length & 255;
  at += 2;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const scope = event.scopes[name];
    writeLength(heap, at, name.length);
    writeAscii(heap, at + 4, name);
    at += 4 + name.length;
    if (scope !== undefined && 'data' in scope) {
      if (!readHex(scope.salt, heap, area + SALT, 16)) throw new ProtocolError('salt');
      const length = writeText(heap, data, scope.data);
      wasm._crypto_generichash(at, 32, data, length, 0, area + SALT, 16);
      if (size !== undefined) size.addScope(name.length, ENVELOPE_OVERHEAD + length);
    } else {
      const closed: { commitment: string; envelope?: string } | undefined = scope;
      if (closed === undefined || !readHex(closed.commitment, heap, at, 32)) throw new ProtocolError('commitment');
      if (size !== undefined && closed.envelope !== undefined)
        size.addScope(name.length, Math.floor((closed.envelope.length * 3) / 4));
    }
    at += 32;
  }
  size?.addEvent(event, at - start, names.length);
  return at - start;
}

/** Hashes the preimage written at `area` to `out`. */
export function hashPreimage(area: number, length: number, out: number): void {
  sodiumWasm()._crypto_generichash(out, 32, area + PREIMAGE, length, 0, 0, 0);
}

/**
 * What a closed scope shows of its content: BLAKE2b-256(key = salt, UTF-8 of data), 32 bytes.
 * @param salt 16 bytes. @throws ProtocolError `salt`, `data` (a lone surrogate).
 */
export function commitment(salt: Uint8Array, data: string): Uint8Array {
  if (salt.length !== 16) throw new ProtocolError('salt');
  if (!isWellFormed(data)) throw new ProtocolError('data');
  const area = reserve(LEAF_ROOM + 3 * data.length);
  const wasm = sodiumWasm();
  const heap = wasm.HEAPU8;
  heap.set(salt, area + SALT);
  const length = writeText(heap, area + LEAF_ROOM, data);
  wasm._crypto_generichash(area + PREIMAGE, 32, area + LEAF_ROOM, length, 0, area + SALT, 16);
  return heap.slice(area + PREIMAGE, area + PREIMAGE + 32);
}

/**
 * What is hashed to a leaf: 0x00 ‖ lp(id) ‖ lp(type) ‖ lp(time) ‖ lp(session) ‖ lp(blob) ‖ u16(n) ‖ Σ sorted by scope: lp(scope) ‖ commitment.
 * @throws ProtocolError as `parseEvent`.
 */
export function leafPreimage(event: Event): Uint8Array {
  parseEvent(event);
  const area = reserve(LEAF_ROOM + dataRoom(event));
  const length = writePreimage(event, area);
  return sodiumWasm().HEAPU8.slice(area + PREIMAGE, area + PREIMAGE + length);
}

/** The leaf of an event, 32 bytes: BLAKE2b-256 of its preimage; the same for a scope open, closed or sealed. @throws ProtocolError as `parseEvent`. */
export function leafOf(event: Event): Uint8Array {
  parseEvent(event);
  const area = reserve(LEAF_ROOM + dataRoom(event));
  hashPreimage(area, writePreimage(event, area), area);
  // The salt's place is free by now; 32 bytes reach into a preimage that was already read.
  return sodiumWasm().HEAPU8.slice(area, area + 32);
}
