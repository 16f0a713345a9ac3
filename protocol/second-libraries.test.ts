import { beforeAll, describe, expect, test } from '@jest/globals';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import * as scure from '@scure/sr25519';
import fc from 'fast-check';
import {
  blake2b256,
  blake2b512,
  commitment,
  concat,
  type Event,
  encodeNdjson,
  fromHex,
  inclusionProof,
  keyPairFromSeed,
  leafOf,
  lp,
  type OpenScope,
  open,
  parseBatch,
  ready,
  recordKeys,
  rootOf,
  seal,
  sign,
  signBatch,
  toHex,
  u16,
  u32,
  utf8,
  verifyBatch,
  verifyInclusion,
  verifySignature,
} from './index.ts';

beforeAll(ready);

const h256 = (message: Uint8Array, key?: Uint8Array) =>
  blake2b(message, key === undefined ? { dkLen: 32 } : { dkLen: 32, key });
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const text = fc.string({ unit: 'grapheme', maxLength: 400 });
const scopeName = fc.stringMatching(/^[A-Za-z0-9.-][A-Za-z0-9_.-]{0,20}$/);
const label = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((it) => !/\p{Cc}/u.test(it) && utf8(it).length <= 128);
const openScope = fc.record({ salt: exactly(16).map(toHex), data: text });
const event: fc.Arbitrary<Event> = fc
  .record(
    {
      id: fc.uuid({ version: 7 }),
      type: label,
      time: fc
        .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
        .map((date) => date.toISOString()),
      session: label,
      blob: fc.constant('bafkr4ihkr4ld3m4gqkjf4reryxsy2s5tkbxprqkow6fin2iiyvreuzzab4'),
      scopes: fc.dictionary(scopeName, openScope, { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
    },
    { requiredKeys: ['id', 'type', 'time', 'scopes'] },
  )
  .map((it) => it as Event);

/** The leaf, from its formula on the second library. */
function leafByFormula(it: Event): Uint8Array {
  const scopes = Object.entries(it.scopes).sort(([a], [b]) => (a < b ? -1 : 1)) as [string, OpenScope][];
  const fields = [it.id, it.type, it.time, it.session ?? '', it.blob ?? ''].map((field) => lp(utf8(field)));
  const rows = scopes.flatMap(([name, { salt, data }]) => [lp(utf8(name)), h256(utf8(data), fromHex(salt))]);
  return h256(concat(Uint8Array.of(0), ...fields, u16(scopes.length), ...rows));
}

/** RFC 6962, by its recursion. */
function rootByRecursion(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return h256(concat(Uint8Array.of(1), rootByRecursion(leaves.slice(0, split)), rootByRecursion(leaves.slice(split))));
}

describe('hashes', () => {
  test('BLAKE2b with and without key', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.uint8Array({ minLength: 16, maxLength: 64 }),
        (message, key) => {
          expect(blake2b256(message)).toEqual(h256(message));
          expect(blake2b256(message, key)).toEqual(h256(message, key));
          expect(blake2b512(message, key)).toEqual(blake2b(message, { dkLen: 64, key }));
        },
      ),
    );
    expect(() => blake2b256(new Uint8Array(3), new Uint8Array(0))).toThrow('BLAKE2b key');
  });

  test('long messages grow the memory and stay right', () => {
    for (const length of [70_000, 5_000_000, 100]) {
      const message = new Uint8Array(length).fill(5);
      expect(toHex(blake2b256(message))).toBe(toHex(h256(message)));
    }
  });

  test('commitments of any text', () => {
    fc.assert(
      fc.property(exactly(16), text, (salt, data) => expect(commitment(salt, data)).toEqual(h256(utf8(data), salt))),
    );
  });
});

describe('leaves and trees', () => {
  test('leaves of any event', () => {
    fc.assert(fc.property(event, (it) => expect(leafOf(it)).toEqual(leafByFormula(it))));
  });

  test('roots of any size, and a proof of every leaf that fits no other place', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (count, at, other) => {
        const leaves = Array.from({ length: count }, (_, i) => h256(u32(i)));
        const root = rootOf(leaves);
        expect(root).toEqual(rootByRecursion(leaves));
        const index = at % count;
        const claim = { leaf: leaves[index] as Uint8Array, index, count, proof: inclusionProof(leaves, index), root };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, index: other % (count + 3) })).toBe(other % (count + 3) === index);
        expect(verifyInclusion({ ...claim, proof: [...claim.proof, root] })).toBe(false);
        if (claim.proof.length > 0) expect(verifyInclusion({ ...claim, proof: claim.proof.slice(1) })).toBe(false);
      }),
    );
  });

  test('50,000 leaves', () => {
    const leaves = Array.from({ length: 50_000 }, (_, i) => blake2b256(u32(i)));
    const index = 49_999;
    expect(
      verifyInclusion({
        leaf: leaves[index] as Uint8Array,
        index,
        count: 50_000,
        proof: inclusionProof(leaves, index),
        root: rootOf(leaves),
      }),
    ).toBe(true);
  });
});

describe('signatures', () => {
  const wraps = fc.constantFrom('none' as const, 'bytes' as const);
  const wrapped = (wrap: string, message: Uint8Array) =>
    wrap === 'bytes' ? concat(utf8('<Bytes>'), message, utf8('</Bytes>')) : message;

  test('ed25519, both ways', () => {
    fc.assert(
      fc.property(exactly(32), fc.uint8Array({ maxLength: 200 }), wraps, (seed, message, wrap) => {
        const keyPair = keyPairFromSeed('ed25519', seed);
        expect(keyPair.publicKey).toEqual(ed25519.getPublicKey(seed));
        const ours = sign({ algorithm: 'ed25519', wrap, keyPair, message });
        expect(ed25519.verify(ours, wrapped(wrap, message), keyPair.publicKey)).toBe(true);
        const claim = {
          algorithm: 'ed25519' as const,
          wrap,
          publicKey: keyPair.publicKey,
          message,
          signature: ed25519.sign(wrapped(wrap, message), seed),
        };
        expect(verifySignature(claim)).toBe(true);
        expect(verifySignature({ ...claim, wrap: wrap === 'none' ? 'bytes' : 'none' })).toBe(false);
        expect(verifySignature({ ...claim, algorithm: 'sr25519' })).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  test('sr25519, both ways', () => {
    fc.assert(
      fc.property(exactly(32), fc.uint8Array({ maxLength: 200 }), wraps, (seed, message, wrap) => {
        const keyPair = keyPairFromSeed('sr25519', seed);
        const secret = scure.secretFromSeed(seed);
        expect(keyPair.publicKey).toEqual(scure.getPublicKey(secret));
        const ours = sign({ algorithm: 'sr25519', wrap, keyPair, message });
        expect(scure.verify(wrapped(wrap, message), ours, keyPair.publicKey)).toBe(true);
        const claim = {
          algorithm: 'sr25519' as const,
          wrap,
          publicKey: keyPair.publicKey,
          message,
          signature: scure.sign(secret, wrapped(wrap, message)),
        };
        expect(verifySignature(claim)).toBe(true);
        expect(verifySignature({ ...claim, wrap: wrap === 'none' ? 'bytes' : 'none' })).toBe(false);
        expect(verifySignature({ ...claim, algorithm: 'ed25519' })).toBe(false);
      }),
      { numRuns: 15 },
    );
  });

  test('all-zero keys and signatures hold for nothing', () => {
    const zeros = {
      publicKey: new Uint8Array(32),
      message: utf8('anything'),
      signature: new Uint8Array(64),
      wrap: 'none' as const,
    };
    const marked = new Uint8Array(64);
    marked[63] = 0x80;
    for (const algorithm of ['ed25519', 'sr25519'] as const) {
      expect(verifySignature({ ...zeros, algorithm })).toBe(false);
      expect(verifySignature({ ...zeros, algorithm, signature: marked })).toBe(false);
    }
  });
});

describe('envelopes', () => {
  const place = fc.record({
    scopeKey: exactly(32),
    epoch: fc.integer({ min: 0, max: 0xffff_ffff }),
    app: exactly(32),
    subject: exactly(32),
    eventId: fc.uuid({ version: 7 }),
    scope: scopeName,
  });

  test('sealed here, taken apart by the formula there; and back', () => {
    fc.assert(
      fc.property(place, exactly(16), text, exactly(24), (at, salt, data, nonce) => {
        const aad = concat(
          utf8('cere-ddc:env:v1'),
          lp(at.app),
          at.subject,
          lp(utf8(at.eventId)),
          lp(utf8(at.scope)),
          u32(at.epoch),
        );
        const keys = recordKeys(at.scopeKey, nonce, aad);
        const expected = concat(
          Uint8Array.of(1, 1),
          u32(at.epoch),
          nonce,
          keys.commitment,
          xchacha20poly1305(keys.recordKey, nonce, aad).encrypt(concat(salt, utf8(data))),
        );
        const envelope = seal({ ...at, salt, data, nonce });
        expect(envelope).toEqual(expected);
        expect(open({ ...at, envelope: expected, commitment: commitment(salt, data) })).toEqual({ salt, data });
        expect(() => open({ ...at, envelope, commitment: commitment(salt, `${data}!`) })).toThrow('commitment');
      }),
    );
  });
});

test('any signed batch is verified from its bytes, and any changed text is not', () => {
  const batches = fc.uniqueArray(event, { minLength: 1, maxLength: 8, selector: (it) => it.id });
  fc.assert(
    fc.property(batches, fc.constantFrom('ed25519' as const, 'sr25519' as const), (events, algorithm) => {
      const keyPair = keyPairFromSeed(algorithm, new Uint8Array(32).fill(9));
      const key = toHex(keyPair.publicKey);
      const batch = signBatch({
        network: 'n',
        app: key,
        wallet: key,
        source: '02'.repeat(16),
        seq: 5,
        issuedAt: 6,
        signer: 'app',
        algorithm,
        wrap: 'bytes',
        events,
        keyPair,
      });
      const verified = verifyBatch(parseBatch(encodeNdjson(batch), 'ndjson'), { network: 'n' });
      expect(verified.leaves).toEqual(events.map(leafByFormula));
      expect(verified.root).toEqual(rootByRecursion(verified.leaves));
      const [first] = events;
      const changed = [{ ...first, type: `${first?.type}.` } as Event, ...events.slice(1)];
      expect(() => verifyBatch({ header: batch.header, events: changed }, { network: 'n' })).toThrow('signature');
    }),
    { numRuns: 40 },
  );
});
