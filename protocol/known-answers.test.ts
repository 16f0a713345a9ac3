import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import * as noble from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { blake2b256, blake2b512, concat, fromHex, ready, toHex, utf8, verifySignature } from './index.ts';
import { sodium } from './sodium.ts';

beforeAll(ready);

interface Case {
  tcId: number;
  comment: string;
  /** `acceptable` may go either way. */
  result: 'valid' | 'invalid' | 'acceptable';
  [name: string]: unknown;
}
interface Group {
  tests: Case[];
  [name: string]: unknown;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../test/vectors/${name}`, import.meta.url), 'utf8'));
const groupsOf = (name: string) =>
  read(`wycheproof/${name}_test.json`) as { numberOfTests: number; testGroups: Group[] };

/** Every case for which `holds` says other than the file. A refusal by an exception is a refusal. */
function disagreements(name: string, holds: (one: Case, group: Group) => boolean): { ran: number; wrong: string[] } {
  const { numberOfTests, testGroups } = groupsOf(name);
  let ran = 0;
  const wrong: string[] = [];
  for (const group of testGroups) {
    for (const one of group.tests) {
      ran += 1;
      let held = false;
      try {
        held = holds(one, group);
      } catch {
        // The libraries refuse by throwing.
      }
      if (one.result !== 'acceptable' && held !== (one.result === 'valid')) wrong.push(`${one.tcId} ${one.comment}`);
    }
  }
  expect(ran).toBe(numberOfTests);
  return { ran, wrong };
}

const bytes = (one: Case, name: string) => fromHex(one[name] as string);

type Aead = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array) => Uint8Array;
const aeads: Record<string, { encrypt: Aead; decrypt: Aead }> = {
  libsodium: {
    encrypt: (key, nonce, aad, text) => sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(text, aad, null, nonce, key),
    decrypt: (key, nonce, aad, text) => sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, text, aad, nonce, key),
  },
  noble: {
    encrypt: (key, nonce, aad, text) => xchacha20poly1305(key, nonce, aad).encrypt(text),
    decrypt: (key, nonce, aad, text) => xchacha20poly1305(key, nonce, aad).decrypt(text),
  },
};

describe('Wycheproof', () => {
  test.each(Object.keys(aeads))('xchacha20_poly1305, %s: 315 cases', (library) => {
    const { encrypt, decrypt } = aeads[library] as { encrypt: Aead; decrypt: Aead };
    const result = disagreements('xchacha20_poly1305', (one) => {
      const sealed = concat(bytes(one, 'ct'), bytes(one, 'tag'));
      const message = decrypt(bytes(one, 'key'), bytes(one, 'iv'), bytes(one, 'aad'), sealed);
      const again = encrypt(bytes(one, 'key'), bytes(one, 'iv'), bytes(one, 'aad'), bytes(one, 'msg'));
      return toHex(message) === one.msg && toHex(again) === toHex(sealed);
    });
    expect(result).toEqual({ ran: 315, wrong: [] });
  });

  const verifiers: Record<string, (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean> = {
    protocol: (publicKey, message, signature) =>
      verifySignature({ algorithm: 'ed25519', wrap: 'none', publicKey, message, signature }),
    noble: (publicKey, message, signature) => noble.ed25519.verify(signature, message, publicKey, { zip215: false }),
  };
  test.each(Object.keys(verifiers))('ed25519, %s: 151 cases', (library) => {
    const result = disagreements('ed25519', (one, group) => {
      const publicKey = fromHex((group.publicKey as { pk: string }).pk);
      return verifiers[library]?.(publicKey, bytes(one, 'msg'), bytes(one, 'sig')) === true;
    });
    expect(result).toEqual({ ran: 151, wrong: [] });
  });

  const exchanges: Record<string, (secretKey: Uint8Array, publicKey: Uint8Array) => Uint8Array> = {
    libsodium: (secretKey, publicKey) => sodium.crypto_scalarmult(secretKey, publicKey),
    noble: (secretKey, publicKey) => noble.x25519.getSharedSecret(secretKey, publicKey),
  };
  test.each(Object.keys(exchanges))('x25519, %s: 518 cases', (library) => {
    const result = disagreements('x25519', (one) => {
      const shared = exchanges[library]?.(bytes(one, 'private'), bytes(one, 'public'));
      return shared !== undefined && toHex(shared) === one.shared;
    });
    expect(result).toEqual({ ran: 518, wrong: [] });
  });
});

describe('BLAKE2b', () => {
  const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i);

  test('the 256 keyed answers of the reference', () => {
    const { hashes } = read('blake2/blake2b-kat.json') as { hashes: string[] };
    expect(hashes).toHaveLength(256);
    const key = counting(64);
    expect(hashes.map((_, i) => toHex(blake2b512(counting(i), key)))).toEqual(hashes);
    expect(hashes.map((_, i) => toHex(blake2b(counting(i), { dkLen: 64, key })))).toEqual(hashes);
  });

  test('RFC 7693, appendix A', () => {
    expect(toHex(blake2b512(utf8('abc')))).toBe(
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
    );
  });

  test('RFC 7693, appendix E: every length of hash, key and message in one hash', () => {
    const sequence = (length: number) => {
      let a = Math.imul(0xdead4bad, length) >>> 0;
      let b = 1;
      return Uint8Array.from({ length }, () => {
        const next = (a + b) >>> 0;
        a = b;
        b = next;
        return next >>> 24;
      });
    };
    const hashes: Uint8Array[] = [];
    for (const size of [20, 32, 48, 64]) {
      for (const length of [0, 3, 128, 129, 255, 1024]) {
        const message = sequence(length);
        hashes.push(sodium.crypto_generichash(size, message, null));
        hashes.push(sodium.crypto_generichash(size, message, sequence(size)));
      }
    }
    expect(toHex(blake2b256(concat(...hashes)))).toBe(
      'c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475',
    );
  });
});
