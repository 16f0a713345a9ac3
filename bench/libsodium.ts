import { concat, lp, type Place, u32, utf8 } from '../protocol/index.ts';
import { reserve, sodium, sodiumWasm } from '../protocol/sodium.ts';

/** One scope of an event, with everything that sealing and opening it needs. */
export interface Part {
  place: Place;
  salt: Uint8Array;
  data: string;
  nonce: Uint8Array;
}

/** What libsodium gets for one part, by the formulas of docs/formats.md. */
export interface Inputs {
  key: Uint8Array;
  keyed: Uint8Array;
  aad: Uint8Array;
  nonce: Uint8Array;
  salt: Uint8Array;
  data: Uint8Array;
  plain: Uint8Array;
}

export function inputsOf({ place, salt, data, nonce }: Part): Inputs {
  const aad = concat(
    utf8('cere-ddc:env:v1'),
    lp(place.app),
    place.subject,
    lp(utf8(place.eventId)),
    lp(utf8(place.scope)),
    u32(place.epoch),
  );
  const keyed = concat(utf8('cere-ddc:record:v1'), nonce, lp(aad));
  return { key: place.scopeKey, keyed, aad, nonce, salt, data: utf8(data), plain: concat(salt, utf8(data)) };
}

/** A way to call libsodium: the hash and the encryption of a seal; the hash, the decryption and the commitment of an open. */
export interface Baseline {
  /** Before each measurement. */
  prepare?(inputs: Inputs): void;
  seal(inputs: Inputs): void;
  open(inputs: Inputs, sealed: Uint8Array): void;
}

/** libsodium-wrappers, as its documentation uses it. */
export const wrappers: Baseline = {
  seal({ key, keyed, aad, nonce, plain }) {
    const record = sodium.crypto_generichash(64, keyed, key).subarray(0, 32);
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, aad, null, nonce, record);
  },
  open({ key, keyed, aad, nonce, salt, data }, sealed) {
    const record = sodium.crypto_generichash(64, keyed, key).subarray(0, 32);
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, aad, nonce, record);
    sodium.crypto_generichash(32, data, salt);
  },
};

/** Offsets in the scratch area: small inputs first, then texts. */
const AT = { key: 0, salt: 64, nonce: 128, record: 192, hash: 256, keyed: 512, aad: 1024, data: 4096 };
const ROOM = 64 * 1024;
const PLAIN = AT.data + ROOM;
const SEALED = AT.data + 2 * ROOM;
const area = () => reserve(AT.data + 4 * ROOM);

function encrypt(at: number, { keyed, aad, plain }: Inputs): void {
  const wasm = sodiumWasm();
  wasm._crypto_generichash(at + AT.record, 64, at + AT.keyed, keyed.length, 0, at + AT.key, 32);
  const [ad, nonce, key] = [at + AT.aad, at + AT.nonce, at + AT.record];
  const [out, from, length] = [at + SEALED, at + PLAIN, plain.length];
  wasm._crypto_aead_xchacha20poly1305_ietf_encrypt(out, 0, from, length, 0, ad, aad.length, 0, 0, nonce, key);
}

function decrypt(at: number, { keyed, aad, data, plain }: Inputs): void {
  const wasm = sodiumWasm();
  wasm._crypto_generichash(at + AT.record, 64, at + AT.keyed, keyed.length, 0, at + AT.key, 32);
  const [ad, nonce, key] = [at + AT.aad, at + AT.nonce, at + AT.record];
  const [out, from, length] = [at + PLAIN, at + SEALED, plain.length + 16];
  if (wasm._crypto_aead_xchacha20poly1305_ietf_decrypt(out, 0, 0, from, length, 0, ad, aad.length, 0, nonce, key) !== 0)
    throw new Error('the benchmark does not open what it sealed');
  wasm._crypto_generichash(at + AT.hash, 32, at + AT.data, data.length, 0, at + AT.salt, 16);
}

function layOut(at: number, { key, keyed, aad, nonce, salt, data, plain }: Inputs): void {
  const heap = sodiumWasm().HEAPU8;
  heap.set(key, at + AT.key);
  heap.set(keyed, at + AT.keyed);
  heap.set(aad, at + AT.aad);
  heap.set(nonce, at + AT.nonce);
  heap.set(salt, at + AT.salt);
  heap.set(data, at + AT.data);
  heap.set(plain, at + PLAIN);
}

/** libsodium's wasm without wrappers: bytes in, the calls, bytes out. What any caller in JavaScript has to pay. */
export const direct: Baseline = {
  seal(inputs) {
    const at = area();
    const heap = sodiumWasm().HEAPU8;
    heap.set(inputs.key, at + AT.key);
    heap.set(inputs.keyed, at + AT.keyed);
    heap.set(inputs.aad, at + AT.aad);
    heap.set(inputs.nonce, at + AT.nonce);
    heap.set(inputs.plain, at + PLAIN);
    encrypt(at, inputs);
    heap.slice(at + SEALED, at + SEALED + inputs.plain.length + 16);
  },
  open(inputs, sealed) {
    const at = area();
    const heap = sodiumWasm().HEAPU8;
    heap.set(inputs.key, at + AT.key);
    heap.set(inputs.keyed, at + AT.keyed);
    heap.set(inputs.aad, at + AT.aad);
    heap.set(inputs.nonce, at + AT.nonce);
    heap.set(inputs.salt, at + AT.salt);
    heap.set(inputs.data, at + AT.data);
    heap.set(sealed, at + SEALED);
    decrypt(at, inputs);
    heap.slice(at + PLAIN, at + PLAIN + inputs.plain.length);
  },
};

/** The calls alone, on bytes that lie in wasm memory already: the floor below which nothing written for this build of libsodium can get. */
export const floor: Baseline = {
  prepare(inputs) {
    const at = area();
    layOut(at, inputs);
    encrypt(at, inputs);
  },
  seal: (inputs) => encrypt(area(), inputs),
  open: (inputs) => decrypt(area(), inputs),
};
