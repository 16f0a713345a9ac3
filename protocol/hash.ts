import { ProtocolError } from './errors.ts';
import { reserve, sodiumWasm } from './sodium.ts';
import { still } from './still.ts';

const OUT = 0;
const KEY = 64;
const MESSAGE = 128;

function blake2b(size: 32 | 64, message: Uint8Array, key?: Uint8Array): Uint8Array {
  // An empty key would mean no key at all.
  if (key !== undefined && (key.length < 16 || key.length > 64)) throw new ProtocolError('length', 'BLAKE2b key');
  const at = reserve(MESSAGE + message.length);
  const wasm = sodiumWasm();
  const heap = wasm.HEAPU8;
  heap.set(message, at + MESSAGE);
  if (key !== undefined) heap.set(key, at + KEY);
  wasm._crypto_generichash(
    at + OUT,
    size,
    at + MESSAGE,
    message.length,
    0,
    key === undefined ? 0 : at + KEY,
    key?.length ?? 0,
  );
  if (key === undefined) return heap.slice(at + OUT, at + OUT + size);
  // Keys and hashes under a key are secrets; wasm memory outlives the call.
  const hash = still(heap.subarray(at + OUT, at + OUT + size));
  heap.fill(0, at, at + MESSAGE + message.length);
  return hash;
}

/**
 * BLAKE2b (RFC 7693) with 32 bytes of output, keyed with 16 to 64 bytes if `key` is given, without salt or personalisation.
 * @throws ProtocolError `length` on a key of another length.
 */
export const blake2b256 = (message: Uint8Array, key?: Uint8Array): Uint8Array => blake2b(32, message, key);

/** The same with 64 bytes of output. @throws ProtocolError `length`. */
export const blake2b512 = (message: Uint8Array, key?: Uint8Array): Uint8Array => blake2b(64, message, key);
