import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Content,
  checkRequestTime,
  fromHex,
  KINDS,
  type KindName,
  keyPairFromSeed,
  ProtocolError,
  parseRequest,
  type RequestFields,
  ready,
  type SignedRequest,
  signRequest,
  toHex,
  verifyRequest,
} from '../index.ts';

beforeAll(ready);

const NOW = 1_770_000_000_000;
const ZEROS = '00'.repeat(32);
const APP = '0a'.repeat(32);
const keyPair = () => keyPairFromSeed('sr25519', new Uint8Array(32).fill(3));
const key = () => keyPair().publicKey;
const X25519 = fromHex('504a36999f489cd2fdbc08baff3d88fa00569ba986cba22548ffde80f9806829');

/** One right body of every kind: a new kind does not compile without one. */
const contents = (): { [K in KindName]: Content<K> } => ({
  recipient: { x25519: X25519, expiresAt: NOW + 1 },
  policy: { scopes: ['a'], recipients: [key()], expiresAt: NOW + 1 },
  grant: { grantor: key(), scope: 'a', fromEpoch: 0, recipient: X25519, expiresAt: NOW + 1 },
  revoke: { grant: new Uint8Array(16) },
  keys: { scopes: ['a', '__meta'], recipient: X25519 },
  erase: {},
  reopen: {},
  move: { mode: 'client', subject: new Uint8Array(32), epoch: 1 },
  token: { audience: 'a', operations: ['b'], wallet: key(), key: key(), expiresAt: NOW + 1 },
  disown: { token: new Uint8Array(16) },
  remove: { events: undefined, from: 1, to: 2, session: undefined },
  associate: { cluster: 'cere-mainnet' },
});

function fieldsOf<K extends KindName>(kind: K): RequestFields<K> {
  return {
    kind,
    network: 'n',
    app: kind === 'recipient' || kind === 'associate' ? ZEROS : APP,
    wallet: toHex(key()),
    id: '01'.repeat(16),
    issuedAt: NOW,
    signer: 'wallet',
    algorithm: 'sr25519',
    wrap: 'bytes',
    content: contents()[kind],
  };
}
const names = Object.keys(KINDS) as KindName[];
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
};

const FRAME_CODES = {
  kind: 'kind',
  network: 'network',
  app: 'key',
  wallet: 'key',
  id: 'request_id',
  issuedAt: 'number',
  signer: 'signer',
  algorithm: 'algorithm',
  wrap: 'wrap',
  signature: 'signature',
};

describe.each(names)('%s', (kind) => {
  const signed = (): SignedRequest => JSON.parse(JSON.stringify(signRequest(fieldsOf(kind), keyPair())));

  test('survives JSON, and is no request of any other kind', () => {
    const verified = verifyRequest(signed(), { network: 'n', kind });
    checkRequestTime(verified, NOW);
    expect(verified.content).toEqual(withoutAbsent(contents()[kind]));
    for (const other of names.filter((one) => one !== kind)) {
      expect(codeOf(() => verifyRequest(signed(), { network: 'n', kind: other }))).toBe('kind');
      expect(codeOf(() => verifyRequest({ ...signed(), kind: other }, { network: 'n' }))).not.toBe('accepted');
    }
  });

  test('a member that is missing, null or of another type is refused by its own code', () => {
    const request = signed() as unknown as Record<string, unknown>;
    for (const [name, code] of Object.entries(FRAME_CODES)) {
      for (const value of [undefined, null, {}, [], true, -1, '', '?'])
        expect([name, codeOf(() => parseRequest({ ...request, [name]: value }))]).toEqual([name, code]);
    }
    for (const value of [undefined, null, {}, [], true, -1, '', '?'])
      expect(codeOf(() => parseRequest({ ...request, body: value }))).toMatch(/^(request_body|base64url|cbor)$/);
  });

  test('is not signed with a key that is not the author', () => {
    const stranger = keyPairFromSeed('sr25519', new Uint8Array(32).fill(4));
    expect(codeOf(() => signRequest(fieldsOf(kind), stranger))).toBe('author');
  });

  test('a clock that shows no number refuses', () => {
    expect(codeOf(() => checkRequestTime(parseRequest(signed()), Number.NaN))).not.toBe('accepted');
  });
});

const withoutAbsent = (content: object) =>
  Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined));

test('values that are no requests are refused', () => {
  for (const value of [undefined, null, 1, 'x', [], true]) expect(codeOf(() => parseRequest(value))).toBe('request');
  expect(codeOf(() => parseRequest({}))).toBe('kind');
});

test('a body has at most 65,536 bytes', () => {
  const request = signRequest(fieldsOf('erase'), keyPair());
  const long = (length: number) => codeOf(() => parseRequest({ ...request, body: 'A'.repeat(length) }));
  expect(long(87_383)).toBe('request_body');
  expect(long(87_382)).toBe('cbor');
});
