import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Batch, ready, scopeKey, toHex } from '../../protocol/index.ts';
import { sealBatch } from '../../sdk/js/client-mode/seal-batch.ts';
import { app, someBatch, someEvent, wallet } from '../../test/support/api.ts';
import { lies } from '../../test/support/lying-clients.ts';
import { passClientBatch } from '../encryptor/pass-client-batch.ts';
import { type ClosedBatch, openBatch } from './open-batch.ts';
import { packBatch, unpackBatch } from './packed-batch.ts';

beforeAll(ready);

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const userRoot = bytes(32);
const EPOCH = 2;
/** An exporter that was given the client's keys, by whatever way. */
const keys = (scope: string) => scopeKey(userRoot, app.publicKey, scope, EPOCH);
const sign = () =>
  someBatch({
    events: [0, 1].map(() => someEvent({ scopes: { purchase: { salt: toHex(bytes(16)), data: '{"sum":"1"}' } } })),
  });

/** As encryptor and pinner pass it on. */
function live(batch: Batch, batchId: Uint8Array): ClosedBatch {
  if (!batch.client) throw new Error('a client batch is wanted');
  return { batchId, app: app.publicKey, wallet: wallet.publicKey, body: passClientBatch(batch, batch.client) };
}

describe('an export that has keys of a client', () => {
  test('opens what the client sealed as it was signed', () => {
    const signed = sign();
    const batch = sealBatch({ batch: signed, userRoot, epoch: EPOCH, randomBytes: bytes });
    expect(openBatch(live(batch, signed.batchId), ['purchase'], keys)).toMatchObject({
      kind: 'events',
      columns: {
        ids: signed.events.map(({ id }) => id),
        scopes: [{ scope: 'purchase', texts: signed.events.map(() => '{"sum":"1"}') }],
        closed: null,
      },
    });
  });

  test('refuses every lie as a mismatch, and never as a bug of its own', () => {
    for (const { name, batch, batchId } of lies({ app: app.publicKey, userRoot, epoch: EPOCH, sign })) {
      expect([name, openBatch(live(batch, batchId), ['purchase'], keys)]).toEqual([
        name,
        { kind: 'refused', why: 'mismatch' },
      ]);
    }
  });

  test('control: the same lie in service mode would be a bug of the encryptor, and stops', () => {
    for (const { batch, batchId } of lies({ app: app.publicKey, userRoot, epoch: EPOCH, sign })) {
      const { body, ...head } = live(batch, batchId);
      const service = { ...head, body: { ...body, mode: 'service' as const } };
      expect(() => openBatch(service, ['purchase'], keys)).toThrow();
    }
  });

  test('without keys it counts the batch as unreadable', () => {
    const signed = sign();
    const batch = sealBatch({ batch: signed, userRoot, epoch: EPOCH, randomBytes: bytes });
    expect(openBatch(live(batch, signed.batchId), ['purchase'], () => null)).toEqual({
      kind: 'refused',
      why: 'no_key',
    });
  });

  test('is the same batch, with the same keys, when it was packed for a thread; what is not to be read stays behind', () => {
    const signed = sign();
    const batch = live(sealBatch({ batch: signed, userRoot, epoch: EPOCH, randomBytes: bytes }), signed.batchId);
    for (const scopes of [['purchase'], ['absent', 'purchase'], ['absent'], []]) {
      const packed = packBatch(batch, scopes, keys);
      const { batch: unpacked, keys: given } = unpackBatch(structuredClone(packed));
      expect(openBatch(unpacked, scopes, given)).toEqual(openBatch(batch, scopes, keys));
      packed.keys.fill(0);
      expect(() => openBatch({ ...unpacked, body: { ...unpacked.body, mode: 'service' } }, scopes, given)).toThrow();
    }
    const denied = packBatch(batch, ['purchase'], (scope) => (scope === 'purchase' ? null : keys(scope)));
    expect(denied.bytes.length).toBe(4 * 32 + batch.body.meta.length);
    expect(openBatch(unpackBatch(denied).batch, ['purchase'], unpackBatch(denied).keys)).toMatchObject({
      kind: 'events',
      columns: { ids: [] },
    });
  });
});
