import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { createMemoryConsents } from '../../connectors/vault/memory-consents.ts';
import {
  type Content,
  encryptionKeyPairFromSeed,
  type KeyPair,
  type KindName,
  keyPairFromSeed,
  META_SCOPE,
  ready,
  signRequest,
  toHex,
  type VerifiedRequest,
  verifyRequest,
  ZERO_KEY,
} from '../../protocol/index.ts';
import { batchMaker, testVault } from '../../test/support/pinned-batches.ts';
import type { LiveBatch } from './live-batch.ts';
import { openBatch } from './open-batch.ts';
import { partnerKeys } from './partner-keys.ts';

beforeAll(ready);
const HOUR = 3_600_000;
const random = (length: number) => new Uint8Array(randomBytes(length));
const SCOPES = ['purchase', 'profile'];

test('a partner gets rows of what was granted to it, and nothing else: no other scope, no other wallet', async () => {
  const vault = testVault();
  // No policy lets the exports of the app itself read anything.
  const maker = batchMaker(vault, vault.requests, { allowed: [] });
  const [partner, x25519] = [keyPairFromSeed('ed25519', random(32)), encryptionKeyPairFromSeed(random(32)).publicKey];
  const expiresAt = Date.now() + HOUR;
  const accept = async <K extends KindName>(kind: K, app: string, keyPair: KeyPair, content: Content<K>) => {
    const frame = {
      kind,
      network: 'cere-sandbox',
      app,
      wallet: toHex(keyPair.publicKey),
      id: toHex(random(16)),
      issuedAt: Date.now(),
    };
    const signed = signRequest({ ...frame, signer: 'wallet', algorithm: 'ed25519', wrap: 'none', content }, keyPair);
    const verified: VerifiedRequest = verifyRequest<KindName>(signed, { network: 'cere-sandbox', kind });
    await vault.requests.once(verified, async () => ({}));
  };
  await accept('recipient', ZERO_KEY, partner, { x25519, expiresAt });
  const [granting, silent] = [maker.newWallet(), maker.newWallet()];
  const grant = { grantor: granting.publicKey, scope: 'purchase', fromEpoch: 0, recipient: x25519, expiresAt };
  await accept('grant', maker.app, granting, grant);

  const made = [await maker.make(granting, 4), await maker.make(silent, 4)];
  const batches = made.map(({ pinned }, origin) => ({ origin, value: pinned }) as LiveBatch);
  const consents = createMemoryConsents(vault.tables);
  const by = `wallet:${toHex(partner.publicKey)}` as const;
  const keysOf = (of: typeof by) =>
    partnerKeys({ vault, consents, name: 'theirs', app: maker.app, by: of, scopes: SCOPES, now: () => Date.now() });

  const { keys, forget } = await keysOf(by)(batches);
  const opened = (those: typeof keys) =>
    batches.map((batch) => openBatch(batch.value, SCOPES, (scope) => those(batch, scope)));
  const results = opened(keys);
  const [theirs, others] = results;
  if (theirs?.kind !== 'events') throw new Error('nothing was opened');
  expect(theirs.columns.ids).toEqual(made[0]?.rows.map(({ eventId }) => eventId));
  expect(theirs.columns.scopes.map(({ scope }) => scope)).toEqual(['purchase']);
  expect(others).toEqual({ kind: 'refused', why: 'no_key' });
  const owner = { app: Buffer.from(maker.app, 'hex'), wallet: granting.publicKey };
  expect(await consents.accesses(owner, { limit: 9 })).toMatchObject([{ reader: 'export:theirs', scope: 'purchase' }]);

  const [first] = batches;
  const meta = first && keys(first, META_SCOPE);
  forget();
  expect(meta?.every((byte) => byte === 0)).toBe(true);

  // Somebody else, without a certificate for that key, is given nothing of the same batches.
  const stranger = await keysOf(`wallet:${'0b'.repeat(32)}`)(batches);
  expect(opened(stranger.keys).map(({ kind }) => kind)).toEqual(['refused', 'refused']);
});
