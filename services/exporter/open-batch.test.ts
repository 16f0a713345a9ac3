import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Batch, fromHex, ready, scopeKey, toHex } from '../../protocol/index.ts';
import { sealBatch } from '../../sdk/js/client-mode/seal-batch.ts';
import { app, someBatch, someEvent, wallet } from '../../test/support/api.ts';
import { lies } from '../../test/support/lying-clients.ts';
import { passClientBatch } from '../encryptor/pass-client-batch.ts';
import type { LiveBatch } from './live-batch.ts';
import { openBatch } from './open-batch.ts';

beforeAll(ready);

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const userRoot = bytes(32);
const EPOCH = 2;
/** An exporter that was given the client's keys, by whatever way. */
const keys = (_: unknown, scope: string) => scopeKey(userRoot, app.publicKey, scope, EPOCH);
const sign = () =>
  someBatch({
    events: [0, 1].map(() => someEvent({ scopes: { purchase: { salt: toHex(bytes(16)), data: '{"sum":"1"}' } } })),
  });

/** As encryptor and pinner pass it on. */
function live(batch: Batch, batchId: Uint8Array): LiveBatch {
  if (!batch.client) throw new Error('a client batch is wanted');
  const body = passClientBatch(batch, batch.client);
  const { source, seq } = batch.header;
  const located = { ...body, cluster: 'c', segment: bytes(36), slot: 0, hash: bytes(32), bytes: 1 };
  const head = { batchId, app: app.publicKey, wallet: wallet.publicKey, rootVersion: 2, reason: null };
  return { origin: 7, value: { ...head, source: fromHex(source), seq, body: located } };
}

describe('an export that has keys of a client', () => {
  test('opens what the client sealed as it was signed', () => {
    const signed = sign();
    const batch = sealBatch({ batch: signed, userRoot, epoch: EPOCH, randomBytes: bytes });
    const opened = openBatch(live(batch, signed.batchId), 1, ['purchase'], keys);
    expect(opened.kind === 'events' && opened.events.map(({ common, scopes }) => [common.eventId, scopes])).toEqual(
      signed.events.map(({ id }) => [id, { purchase: '{"sum":"1"}' }]),
    );
  });

  test('refuses every lie as a mismatch, and never as a bug of its own', () => {
    for (const { name, batch, batchId } of lies({ app: app.publicKey, userRoot, epoch: EPOCH, sign })) {
      expect([name, openBatch(live(batch, batchId), 1, ['purchase'], keys)]).toEqual([
        name,
        { kind: 'refused', why: 'mismatch' },
      ]);
    }
  });

  test('control: the same lie in service mode would be a bug of the encryptor, and stops', () => {
    for (const { batch, batchId } of lies({ app: app.publicKey, userRoot, epoch: EPOCH, sign })) {
      const { origin, value } = live(batch, batchId);
      const service = { origin, value: { ...value, body: { ...value.body, mode: 'service' as const } } };
      expect(() => openBatch(service, 1, ['purchase'], keys)).toThrow();
    }
  });

  test('without keys it counts the batch as unreadable', () => {
    const signed = sign();
    const batch = sealBatch({ batch: signed, userRoot, epoch: EPOCH, randomBytes: bytes });
    expect(openBatch(live(batch, signed.batchId), 1, ['purchase'], () => null)).toEqual({
      kind: 'refused',
      why: 'no_key',
    });
  });
});
