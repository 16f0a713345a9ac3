import { concat, utf8 } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { blake2b256 } from '../hash.ts';
import { sodium } from '../sodium.ts';

/** The published generations of Cere's crypto module, oldest first. None opens what another made. */
export const GENERATIONS = ['G1', 'G2', 'G3', 'G4'] as const;
/** The name of a generation. */
export type Generation = (typeof GENERATIONS)[number];

/** What sets one generation apart. A place is the name of a scope in G1, a path such as `$.k3.k5[0]` in the others. */
interface Rules {
  /** Text form of a ciphertext, its prefix taken off. */
  readonly digits: RegExp;
  readonly prefix: '' | '0x';
  /** Bytes of a ciphertext of nothing. */
  readonly minimum: number;
  /** G3 and G4 never changed their nonce, so all values of one field share a key stream. */
  readonly fixedNonce: boolean;
  /** The key of a place. @throws ProtocolError `legacy_master` */
  key(master: Uint8Array, place: string): Uint8Array;
  /** @throws what the library throws when the tag is wrong */
  open(ciphertext: Uint8Array, key: Uint8Array): Uint8Array;
}

const NONCE = 24;
const TAG = 16;
const ZERO_NONCE = new Uint8Array(NONCE);
const SEPARATOR = utf8('/');

function xchacha(ciphertext: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, null, nonce, key);
}

const withNonce = (ciphertext: Uint8Array, key: Uint8Array) =>
  xchacha(ciphertext.subarray(NONCE), ciphertext.subarray(0, NONCE), key);

/** libsodium's own function, because G3 took masters shorter than the 16 bytes that `hash.ts` demands of a key. */
function keyedHash(master: Uint8Array, place: string): Uint8Array {
  if (master.length > 64) throw new ProtocolError('legacy_master', 'G3');
  return sodium.crypto_generichash(32, utf8(place), master);
}

/** Formulas from the published sources of ddc-encryption-impl-kotlin (MIT), one commit per generation; see docs/legacy.md. */
export const RULES: Readonly<Record<Generation, Rules>> = {
  G1: {
    digits: /^[0-9a-f]*$/,
    prefix: '',
    minimum: NONCE + TAG,
    fixedNonce: false,
    key: (master, scope) => blake2b256(concat(master, utf8(scope))),
    open: withNonce,
  },
  G2: {
    digits: /^[0-9a-f]*$/,
    prefix: '',
    minimum: NONCE + TAG,
    fixedNonce: false,
    key: (master, path) => blake2b256(concat(master, utf8(path))),
    open: withNonce,
  },
  G3: {
    digits: /^[0-9A-F]*$/,
    prefix: '',
    minimum: TAG,
    fixedNonce: true,
    key: keyedHash,
    open: (ciphertext, key) => xchacha(ciphertext, ZERO_NONCE, key),
  },
  G4: {
    digits: /^[0-9a-f]*$/,
    prefix: '0x',
    minimum: TAG,
    fixedNonce: true,
    key: (master, path) => blake2b256(concat(master, SEPARATOR, utf8(path))),
    open: (ciphertext, key) => sodium.crypto_secretbox_open_easy(ciphertext, ZERO_NONCE, key),
  },
};
