import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Event, encodeNdjson, isScopeName, LAST_EPOCH, toBase64url, toHex } from '../../protocol/index.ts';
import { app, type MemoryApi, startMemoryApi } from '../../test/support/api.ts';
import { createTestSigner, testEvent } from '../../test/support/signed-batches.ts';

let it: MemoryApi;
beforeAll(async () => {
  it = await startMemoryApi();
});
afterAll(() => it.api.close());

const EPOCH = 0;
/** Only its head is read before a key is at hand: version, suite, epoch. */
const envelope = new Uint8Array(94);
envelope.set([1, 1]);

function clientBody(signer: ReturnType<typeof createTestSigner>, subject: Uint8Array): Uint8Array {
  const scope = { commitment: 'ab'.repeat(32), envelope: toBase64url(envelope) };
  const events: Event[] = [{ ...testEvent(0, {}), scopes: { purchase: scope } }];
  const { header } = signer.sign({ events, issuedAt: Date.now() });
  return encodeNdjson({ header, events, client: { subject, epoch: EPOCH, meta: envelope } });
}

test('a wallet whose batches the service encrypts cannot send what it encrypted itself: refused, not accepted to die', async () => {
  const signer = createTestSigner(app.publicKey);
  const answer = await it.post(clientBody(signer, new Uint8Array(32).fill(5)));
  expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'mode_mismatch' }]);
  expect(it.appended()).toHaveLength(0);
});

test('a wallet in client mode sends under its registered subject only', async () => {
  const signer = createTestSigner(app.publicKey);
  const owner = { app: app.publicKey, wallet: signer.wallet };
  const subject = new Uint8Array(32).fill(6);
  // The root is created by the first question about it; no answer of this vault is cached by the API's own caches.
  const other = it.vault.reopen();
  await other.transit([owner]);
  await it.vault.toClient(owner, subject);

  const another = await it.post(clientBody(signer, new Uint8Array(32).fill(7)));
  expect([another.status, await another.json()]).toMatchObject([409, { code: 'subject_mismatch' }]);
  const plain = await it.post(signer.sign({ issuedAt: Date.now() }).ndjson);
  expect([plain.status, await plain.json()]).toMatchObject([409, { code: 'mode_mismatch' }]);
  expect(it.appended()).toHaveLength(0);
  expect((await it.post(clientBody(signer, subject))).status).toBe(202);
});

describe('a hostile client in client mode', () => {
  const subject = new Uint8Array(32).fill(8);
  const other = new Uint8Array(32).fill(9);
  const signer = createTestSigner(app.publicKey);
  const commitment = 'ab'.repeat(32);
  /** An envelope by its head alone. */
  const envelopeOf = (length: number, epoch = 0, [version, suite] = [1, 1]) => {
    const bytes = new Uint8Array(length);
    bytes.set([version, suite]);
    new DataView(bytes.buffer).setUint32(2, epoch);
    return toBase64url(bytes);
  };
  const sealed = (envelope = envelopeOf(94)) => ({ commitment, envelope });

  /** The wire as text: what no type of ours would let through. */
  function body({ scopes = { purchase: sealed() } as object, line = {} as object, raw = '' } = {}): string {
    const events = [{ ...testEvent(0, {}), scopes } as Event];
    // What can be signed of it: the signature is not what refuses these.
    const names = Object.keys(scopes).filter(isScopeName).slice(0, 64);
    const closed = Object.fromEntries((names.length > 0 ? names : ['purchase']).map((name) => [name, { commitment }]));
    const { header } = signer.sign({
      events: events.map((event) => ({ ...event, scopes: closed })),
      issuedAt: Date.now(),
    });
    const first = { ...header, subject: toHex(subject), epoch: 0, meta: envelopeOf(94), ...line };
    const text = JSON.stringify(first).replace('"epoch":"raw"', `"epoch":${raw}`);
    return `${text}\n${events.map((event) => JSON.stringify(event)).join('\n')}\n`;
  }
  const large = 'a'.repeat(64);

  const cases: [string, () => string, number, string][] = [
    ['the subject of another wallet', () => body({ line: { subject: toHex(other) } }), 409, 'subject_mismatch'],
    ['a subject that is too short', () => body({ line: { subject: 'ab' } }), 422, 'subject'],
    ['no meta', () => body({ line: { meta: undefined } }), 422, 'client'],
    ['no epoch', () => body({ line: { epoch: undefined } }), 422, 'client'],
    ['no subject', () => body({ line: { subject: undefined } }), 422, 'client'],
    ['an epoch below 0', () => body({ line: { epoch: -1 } }), 422, 'epoch'],
    ['an epoch of -0', () => body({ line: { epoch: 'raw' }, raw: '-0' }), 422, 'epoch'],
    ['an epoch of 2^32', () => body({ line: { epoch: LAST_EPOCH + 1 } }), 422, 'epoch'],
    ['half an epoch', () => body({ line: { epoch: 0.5 } }), 422, 'epoch'],
    ['an epoch in words', () => body({ line: { epoch: '0' } }), 422, 'epoch'],
    ['an epoch beyond all numbers', () => body({ line: { epoch: 'raw' }, raw: '1e999' }), 422, 'epoch'],
    ['a meta of another epoch', () => body({ line: { meta: envelopeOf(94, 1) } }), 422, 'epoch'],
    ['a meta of 93 bytes', () => body({ line: { meta: envelopeOf(93) } }), 422, 'envelope'],
    ['an empty meta', () => body({ line: { meta: '' } }), 422, 'envelope'],
    ['a meta that is no text', () => body({ line: { meta: { a: 1 } } }), 422, 'envelope'],
    [
      'a meta that is no base64url',
      () => body({ line: { meta: `${envelopeOf(94).slice(0, -1)}=` } }),
      422,
      'base64url',
    ],
    ['a meta of another version', () => body({ line: { meta: envelopeOf(94, 0, [2, 1]) } }), 422, 'version'],
    ['a meta of another suite', () => body({ line: { meta: envelopeOf(94, 0, [1, 2]) } }), 422, 'suite'],
    ['an envelope of 93 bytes', () => body({ scopes: { a: sealed(envelopeOf(93)) } }), 422, 'envelope'],
    ['an empty envelope', () => body({ scopes: { a: sealed('') } }), 422, 'envelope'],
    ['an envelope of another epoch', () => body({ scopes: { a: sealed(envelopeOf(94, 7)) } }), 422, 'epoch'],
    [
      'an envelope of another version',
      () => body({ scopes: { a: sealed(envelopeOf(94, 0, [0, 1])) } }),
      422,
      'version',
    ],
    [
      'an envelope with set unused bits',
      () => body({ scopes: { a: sealed(`${envelopeOf(95).slice(0, -1)}B`) } }),
      422,
      'base64url',
    ],
    ['a commitment alone', () => body({ scopes: { a: { commitment } } }), 422, 'client'],
    ['data beside an envelope', () => body({ scopes: { a: { ...sealed(), data: '' } } }), 422, 'scope'],
    ['plain data', () => body({ scopes: { a: { salt: 'ab'.repeat(16), data: '{}' } } }), 422, 'client'],
    ['a scope called __meta', () => body({ scopes: { __meta: sealed() } }), 422, 'scope'],
    [
      'a scope called __proto__',
      () => body({ scopes: JSON.parse(`{"__proto__":${JSON.stringify(sealed())}}`) }),
      400,
      'proto',
    ],
    [
      'a 65th scope',
      () => body({ scopes: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`s${i}`, sealed()])) }),
      422,
      'scope',
    ],
    ['a meta that does not fit', () => body({ line: { meta: envelopeOf(1_000_000) } }), 413, 'batch_too_large'],
    [
      'an envelope that does not fit',
      () => body({ scopes: { [large]: sealed(envelopeOf(999_800)) } }),
      413,
      'batch_too_large',
    ],
    ['a body that does not fit', () => body({ line: { meta: envelopeOf(1_500_000) } }), 413, 'body_too_large'],
  ];

  test.each(cases)('%s is refused by its own code, and leaves nothing in the log', async (_, make, status, code) => {
    const owner = { app: app.publicKey, wallet: signer.wallet };
    const vault = it.vault.reopen();
    await vault.transit([owner]);
    await it.vault.toClient(owner, subject);
    const before = it.appended().length;
    const answer = await it.post(make());
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
    expect(it.appended()).toHaveLength(before);
  });

  test('the last epoch is taken, as the largest envelope is', async () => {
    const line = { epoch: LAST_EPOCH, meta: envelopeOf(94, LAST_EPOCH) };
    const scopes = { purchase: sealed(envelopeOf(999_000, LAST_EPOCH)) };
    expect((await it.post(body({ line, scopes }))).status).toBe(202);
  });
});
