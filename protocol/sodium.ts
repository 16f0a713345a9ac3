import { waitReady } from '@polkadot/wasm-crypto';
import sodium from 'libsodium-wrappers';
import { randomWords } from './random-words.ts';
import { clearOnFree, clearStack } from './scrub.ts';

/** The wasm exports below the wrappers that are used here. A u64 argument is two: low and high half. */
interface SodiumWasm {
  /** The memory; another object after it has grown. */
  readonly HEAPU8: Uint8Array;
  /** Where the wasm takes its randomness from, looked up at every call. */
  getRandomValue: () => number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _crypto_generichash(
    out: number,
    outLength: number,
    at: number,
    length: number,
    high: 0,
    key: number,
    keyLength: number,
  ): number;
  _crypto_aead_xchacha20poly1305_ietf_encrypt(
    out: number,
    outLength: 0,
    at: number,
    length: number,
    high: 0,
    ad: number,
    adLength: number,
    adHigh: 0,
    nsec: 0,
    nonce: number,
    key: number,
  ): number;
  _crypto_aead_xchacha20poly1305_ietf_decrypt(
    out: number,
    outLength: 0,
    nsec: 0,
    at: number,
    length: number,
    high: 0,
    ad: number,
    adLength: number,
    adHigh: 0,
    nonce: number,
    key: number,
  ): number;
}

let wasm: SodiumWasm | undefined;
let base = 0;
let capacity = 0;

/**
 * Starts the wasm of libsodium and sr25519. Await it once before anything else of the protocol; further calls change nothing.
 * @throws Error when the wasm cannot start, as under a Content-Security-Policy without 'wasm-unsafe-eval'.
 */
export async function ready(): Promise<void> {
  await sodium.ready;
  if (!(await waitReady())) throw new Error('the sr25519 wasm did not start');
  if (wasm !== undefined) return;
  wasm = (sodium as unknown as { libsodium: SodiumWasm }).libsodium;
  clearOnFree(wasm);
  wasm.getRandomValue = randomWords();
}

export function sodiumWasm(): SodiumWasm {
  if (wasm === undefined) throw new Error('await ready() before using the protocol');
  return wasm;
}

/**
 * The one scratch area in wasm memory, at least `bytes` long. What was in it may be gone: a caller reserves once, works without giving up
 * the thread, and copies its result out. Fetch `HEAPU8` after this call, since growth replaces it.
 */
export function reserve(bytes: number): number {
  if (bytes > capacity) {
    const memory = sodiumWasm();
    const wanted = Math.max(bytes, 2 * capacity, 64 * 1024);
    if (base !== 0) memory._free(base);
    capacity = 0;
    base = memory._malloc(wanted);
    if (base === 0) throw new Error(`no memory for ${wanted} bytes`);
    capacity = wanted;
  }
  return base;
}

/** Overwrites what hashing under keys has left on the stack of libsodium's wasm. Call it after a stretch of work with secrets. */
export const scrub = (): void => clearStack(sodiumWasm());

export { sodium };
