import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createEnvKms } from '../../connectors/kms/env-kms.ts';
import { createFileKms } from '../../connectors/kms/file-kms.ts';
import { parseKekList, parseKeks } from '../../connectors/kms/kek-list.ts';
import { createMemoryVault } from '../../connectors/vault/memory-vault.ts';
import { openRoots } from '../../connectors/vault/open-root.ts';
import { SecretBytes, takeSecret } from '../../connectors/vault/secret-bytes.ts';
import {
  encryptionKeyPairFromSeed,
  keyPairFromSeed,
  open,
  openMeta,
  openScopeKey,
  openTransit,
  type Place,
  ProtocolError,
  ready,
  recordKeys,
  scopeKey,
  seal,
  sealScopeKey,
  sealTransit,
  subjectOf,
  toHex,
  transitKeyPair,
  unwrapRoot,
  wrapRoot,
} from '../../protocol/index.ts';
import { problemOf } from '../../services/api/problem-answer.ts';
import { readReceiptKey } from '../../services/api/removals/receipt-key.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import { shownError, tracesOf } from '../support/shown-error.ts';

let folder: string;
beforeAll(async () => {
  await ready();
  folder = mkdtempSync(join(tmpdir(), 'ddc-errors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const app = new Uint8Array(32).fill(0xa1);
const wallet = new Uint8Array(32).fill(0xb2);
const subject = new Uint8Array(32).fill(0xc3);
const nonce = new Uint8Array(24).fill(0xd4);
const clock = { now: () => 0 };
const noRandom = { bytes: (length: number) => new Uint8Array(length).fill(0xe5) };

/** One way to use a key wrongly, or a right key on wrong bytes. `bad` is the secret itself, cut or made longer. */
type Misuse = (secret: Uint8Array, bad: Uint8Array, other: Uint8Array) => unknown;

const placeOf = (key: Uint8Array, over: Partial<Place> = {}): Place => ({
  scopeKey: key,
  app,
  subject,
  eventId: 'e',
  scope: 'purchase',
  epoch: 0,
  ...over,
});
const content = { salt: new Uint8Array(16), data: '{}', nonce };
const wrapped = (userRoot: Uint8Array, kek: Uint8Array) =>
  wrapRoot({ kek, kekVersion: 1, app, wallet, userRoot, nonce });
const altered = (bytes: Uint8Array) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
const fileOf = (text: string): string => {
  const path = join(folder, 'keys');
  writeFileSync(path, text);
  return path;
};

const MISUSES: Readonly<Record<string, Misuse>> = {
  'wrapping a root of a wrong length': (_, bad, other) => wrapped(bad, other),
  'wrapping with a KEK of a wrong length': (secret, bad) => wrapped(secret, bad),
  'wrapping with a wrong nonce': (secret, _, other) =>
    wrapRoot({ kek: other, kekVersion: 1, app, wallet, userRoot: secret, nonce: nonce.subarray(1) }),
  'unwrapping with another KEK': (secret, _, other) =>
    unwrapRoot({ kek: secret, app, wallet, wrapped: wrapped(secret, other) }),
  'unwrapping for another owner': (secret, _, other) =>
    unwrapRoot({ kek: other, app: wallet, wallet: app, wrapped: wrapped(secret, other) }),
  'unwrapping what was cut': (secret, _, other) =>
    unwrapRoot({ kek: other, app, wallet, wrapped: wrapped(secret, other).subarray(1) }),
  'unwrapping something else': (secret, bad) => unwrapRoot({ kek: secret, app, wallet, wrapped: bad }),
  'a scope key of a wrong root': (_, bad) => scopeKey(bad, app, 'purchase', 0),
  'a scope key of a wrong scope': (secret) => scopeKey(secret, app, 'not a scope', 0),
  'a scope key of a wrong epoch': (secret) => scopeKey(secret, app, 'purchase', -1),
  'a subject of a wrong root': (_, bad) => subjectOf(bad),
  'a transit pair of a wrong root': (_, bad) => transitKeyPair(bad),
  'a record key of a wrong key': (_, bad) => recordKeys(bad, nonce, app),
  'sealing with a wrong key': (_, bad) => seal({ ...placeOf(bad), ...content }),
  'sealing under a wrong place': (secret) => seal({ ...placeOf(secret, { epoch: -1 }), ...content }),
  'opening with another key': (secret, _, other) =>
    open({ ...placeOf(secret), envelope: seal({ ...placeOf(other), ...content }) }),
  'opening what was altered': (secret) =>
    open({ ...placeOf(secret), envelope: altered(seal({ ...placeOf(secret), ...content })) }),
  'opening against another commitment': (secret) =>
    open({ ...placeOf(secret), envelope: seal({ ...placeOf(secret), ...content }), commitment: subject }),
  'opening a key as an envelope': (secret, bad) => open({ ...placeOf(secret), envelope: bad }),
  'opening a meta that is none': (secret) => {
    const place = { ...placeOf(secret), scope: '__meta', eventId: '' };
    return openMeta({ ...place, envelope: seal({ ...place, ...content }) } as Parameters<typeof openMeta>[0]);
  },
  'opening a transit seal with another pair': (secret, _, other) =>
    openTransit(transitKeyPair(secret), sealTransit(transitKeyPair(other).publicKey, secret)),
  'opening a key as a transit seal': (secret, bad) => openTransit(transitKeyPair(secret), bad),
  'sealing a wrong scope key': (secret, bad) => sealScopeKey(encryptionKeyPairFromSeed(secret).publicKey, bad),
  'sealing to a wrong recipient': (secret, bad) => sealScopeKey(bad, secret),
  'opening a sealed key with another pair': (secret, _, other) =>
    openScopeKey(encryptionKeyPairFromSeed(secret), sealScopeKey(encryptionKeyPairFromSeed(other).publicKey, secret)),
  'a pair of a wrong seed': (_, bad) => keyPairFromSeed('ed25519', bad),
  'an sr25519 pair of a wrong seed': (_, bad) => keyPairFromSeed('sr25519', bad),
  'an encryption pair of a wrong seed': (_, bad) => encryptionKeyPairFromSeed(bad),
  'a secret of a wrong length': (_, bad) => SecretBytes.of32(bad),
  'taking a secret of a wrong length': (_, bad) => takeSecret(new Uint8Array(bad)),
  'a list of KEKs with a cut line': (secret, bad) => parseKekList(`1 ${toHex(secret)}\n2 ${toHex(bad)}\n`),
  'a list of KEKs in upper case': (secret) => parseKekList(`1 ${toHex(secret).toUpperCase()} x`),
  'a list of KEKs without versions': (secret) => parseKekList(toHex(secret)),
  'a version that stands twice': (secret, _, other) => parseKekList(`1 ${toHex(secret)}\n1 ${toHex(other)}`),
  'KEKs of a variable, cut': (secret, bad) => createEnvKms(`1 ${toHex(secret)},2 ${toHex(bad)}`),
  'a version that a variable lacks': (secret) => createEnvKms(`1 ${toHex(secret)}`).version(7),
  'rotating a variable': (secret) => createEnvKms(`1 ${toHex(secret)}`).create(),
  'KEKs of a file, cut': (secret, bad) =>
    createFileKms(fileOf(`1 ${toHex(secret)}\n2 ${toHex(bad)}\n`), clock, noRandom).current(),
  'destroying the current KEK of a file': (secret) =>
    createFileKms(fileOf(`1 ${toHex(secret)}\n`), clock, noRandom).destroy(1),
  'a receipt seed that is cut': (_, bad) => readReceiptKey(fileOf(toHex(bad))),
  'roots of the vault under a KEK that is gone': (secret, _, other) =>
    openRoots(
      parseKeks(`2 ${toHex(secret)}`),
      [{ app, wallet, rootVersion: 1 }],
      [{ wrapped: wrapped(secret, other), epoch: 0, mode: 'service', subject: null }],
    ),
  'roots of the vault under another KEK of that version': (secret, _, other) =>
    openRoots(
      parseKeks(`1 ${toHex(secret)}`),
      [{ app, wallet, rootVersion: 1 }],
      [{ wrapped: wrapped(secret, other), epoch: 0, mode: 'service', subject: null }],
    ),
  'a vault whose randomness is cut': (secret, bad) =>
    createMemoryVault({
      keks: parseKeks(`1 ${toHex(secret)}`),
      random: { bytes: () => bad },
      clock,
      calendar: clock,
    }).transit([{ app, wallet }]),
};

const SECRET = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => new Set(bytes).size > 12);
/** The secret with bytes missing or too many: never 32. */
const badOf = (secret: Uint8Array, length: number): Uint8Array => {
  const bad = new Uint8Array(length === 32 ? 33 : length);
  for (let i = 0; i < bad.length; i++) bad[i] = secret[i % 32] as number;
  return bad;
};

async function errorOf(misuse: Misuse, secret: Uint8Array, bad: Uint8Array, other: Uint8Array): Promise<unknown> {
  try {
    await misuse(secret, bad, other);
  } catch (error) {
    return error;
  }
  return null;
}

test.each(Object.keys(MISUSES))('%s: what is thrown shows no byte of a key', async (name) => {
  const misuse = MISUSES[name] as Misuse;
  await fc.assert(
    fc.asyncProperty(SECRET, SECRET, fc.integer({ min: 9, max: 60 }), async (secret, other, length) => {
      const error = await errorOf(misuse, secret, badOf(secret, length), other);
      if (error === null) throw new Error('nothing was thrown');
      const shown = shownError(error) + JSON.stringify(answered(error));
      for (const one of [secret, other]) for (const trace of tracesOf(one)) expect(shown).not.toContain(trace);
    }),
    { numRuns: 25 },
  );
});

/** As the API would answer it. */
const answered = (error: unknown): unknown => (error instanceof ProtocolError ? problemOf(error) : null);

test('control: the same look finds a key in a message, a cause, a hidden field and a list of bytes', () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => 200 - 5 * i);
  const hidden = new Error('no');
  Object.defineProperty(hidden, 'key', { value: secret, enumerable: false });
  for (const leak of [
    new FatalError('x', `the key ${toHex(secret)} is wrong`),
    new FatalError('x', 'no', { cause: new Error(Buffer.from(secret).toString('base64')) }),
    hidden,
    Object.assign(new Error('no'), { bytes: secret }),
    Object.assign(new Error('no'), { bytes: Buffer.from(secret) }),
  ])
    expect(tracesOf(secret).some((trace) => shownError(leak).includes(trace))).toBe(true);
});
