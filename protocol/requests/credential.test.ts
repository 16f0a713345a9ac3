import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Content,
  type Credential,
  encodeBearer,
  type KeyPair,
  keyPairFromSeed,
  ProtocolError,
  type RequestFields,
  ready,
  type SignedRequest,
  signRequest,
  toBase64url,
  toHex,
  utf8,
  verifyBearer,
  ZERO_KEY,
} from '../index.ts';

const NOW = 1_770_000_000_000;
const HOUR = 3_600_000;
let app: KeyPair;
let wallet: KeyPair;
let other: KeyPair;
let worker: KeyPair;
beforeAll(async () => {
  await ready();
  const pair = (n: number) => keyPairFromSeed('sr25519', new Uint8Array(32).fill(n));
  [app, wallet, other, worker] = [pair(1), pair(2), pair(3), pair(4)];
});

type Wish = Partial<Content<'token'>> & Partial<Omit<RequestFields<'token'>, 'content' | 'wallet'>>;
/** A token signed by `by`; of the app for all wallets and two operations for an hour where nothing else is wished. */
function token(by: KeyPair, wish: Wish = {}, delegated = false): SignedRequest<'token'> {
  const { audience = 'a', operations = ['x', 'y'], wallet: of = '*', key = by.publicKey, expiresAt, ...frame } = wish;
  const head = { kind: 'token', network: 'n', app: toHex(app.publicKey), wallet: of === '*' ? ZERO_KEY : toHex(of) };
  const how = { id: '01'.repeat(16), issuedAt: NOW, signer: 'app', algorithm: 'sr25519', wrap: 'none' };
  const content = { audience, operations, wallet: of, key, expiresAt: expiresAt ?? NOW + HOUR };
  const fields = { ...head, ...how, ...frame, content } as RequestFields<'token'>;
  return signRequest(fields, by, { delegated });
}
const first = (wish: Wish = {}) => token(app, { key: worker.publicKey, ...wish });
const second = (wish: Wish = {}) => token(worker, { id: '02'.repeat(16), ...wish }, true);

const verify = (text: string, now = NOW): Credential => verifyBearer(text, { network: 'n' }, now);
const codeOf = (text: string, now = NOW): string => {
  try {
    verify(text, now);
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'accepted';
};
const chain = (...tokens: SignedRequest[]) => toBase64url(utf8(JSON.stringify({ chain: tokens })));

describe('a token alone', () => {
  test('is used by the key that signed it', () => {
    const author = toHex(app.publicKey);
    expect(verify(encodeBearer(token(app)))).toEqual({
      id: '01'.repeat(16),
      app: author,
      wallet: '*',
      signer: 'app',
      audience: 'a',
      operations: ['x', 'y'],
      expiresAt: NOW + HOUR,
      ends: [{ author, token: '01'.repeat(16) }],
    });
    const own = token(wallet, { wallet: wallet.publicKey, signer: 'wallet' });
    expect(verify(encodeBearer(own))).toMatchObject({ wallet: toHex(wallet.publicKey), signer: 'wallet' });
  });

  test('that names another key, or is signed by one, is not', () => {
    expect(codeOf(encodeBearer(first()))).toBe('token_chain');
    expect(codeOf(encodeBearer(second()))).toBe('signature');
  });

  test('is of now and of this network', () => {
    expect(codeOf(encodeBearer(token(app)), NOW - 1)).toBe('not_yet');
    expect(codeOf(encodeBearer(token(app)), NOW + HOUR)).toBe('expired');
    expect(codeOf(encodeBearer(token(app, { network: 'm' })))).toBe('network');
  });

  test.each([
    ['', 'json'],
    ['!', 'base64url'],
    [toBase64url(Uint8Array.of(255)), 'utf8'],
    [toBase64url(utf8('{')), 'json'],
    [toBase64url(utf8('null')), 'request'],
  ])('%j is none', (text, code) => expect(codeOf(text)).toBe(code));
});

describe('a delegated token', () => {
  test('does what both allow, and ends with either', () => {
    const given = verify(
      encodeBearer(first(), second({ operations: ['y'], wallet: wallet.publicKey, expiresAt: NOW + 9 })),
    );
    const [author, key] = [toHex(app.publicKey), toHex(worker.publicKey)];
    expect(given).toEqual({
      id: '02'.repeat(16),
      app: author,
      wallet: toHex(wallet.publicKey),
      signer: 'app',
      audience: 'a',
      operations: ['y'],
      expiresAt: NOW + 9,
      ends: [
        { author, token: '01'.repeat(16) },
        { author, token: '02'.repeat(16) },
        { author: key, token: '02'.repeat(16) },
      ],
    });
  });

  test('of a wallet is for that wallet', () => {
    const frame = { wallet: wallet.publicKey, signer: 'wallet' } as const;
    const given = verify(encodeBearer(first2(frame), second(frame)));
    expect(given).toMatchObject({ wallet: toHex(wallet.publicKey), signer: 'wallet' });
  });
  const first2 = (frame: Wish) => token(wallet, { key: worker.publicKey, ...frame });

  test('that goes further than the first is refused', () => {
    const one = { wallet: wallet.publicKey } as const;
    const wider: [SignedRequest<'token'>, SignedRequest<'token'>][] = [
      [first(), second({ operations: ['x', 'z'] })],
      [first(), second({ expiresAt: NOW + HOUR + 1 })],
      [first(), second({ audience: 'b' })],
      [first(), second({ app: toHex(other.publicKey) })],
      [first(one), second()],
      [first(one), second({ wallet: other.publicKey })],
      [first(one), second({ ...one, signer: 'wallet' })],
      [first(), second({ key: other.publicKey })],
    ];
    for (const pair of wider) expect(codeOf(encodeBearer(...pair))).toBe('token_chain');
  });

  test('is signed by the key that the first names, and by no other', () => {
    const stranger = token(other, { key: worker.publicKey }, true);
    expect(codeOf(encodeBearer(first(), stranger))).toBe('signature');
    expect(codeOf(encodeBearer(first(), token(app)))).toBe('signature');
  });

  test('is of now, and so is the first', () => {
    const late = second({ issuedAt: NOW + 1 });
    expect(codeOf(encodeBearer(first(), late))).toBe('not_yet');
    expect(codeOf(encodeBearer(first({ expiresAt: NOW + 1 }), second({ expiresAt: NOW + 1 })), NOW + 1)).toBe(
      'expired',
    );
  });

  test('is the last: there is one step, and two tokens', () => {
    for (const tokens of [[], [token(app)], [first(), second(), second()]])
      expect(codeOf(chain(...tokens))).toBe('token_chain');
    expect(codeOf(toBase64url(utf8(JSON.stringify({ chain: [first(), second()], more: 1 }))))).toBe('token_chain');
    expect(codeOf(toBase64url(utf8(JSON.stringify({ chain: 'x' }))))).toBe('token_chain');
  });
});
