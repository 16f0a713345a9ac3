import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Event, encodeNdjson, toBase64url } from '../../protocol/index.ts';
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
