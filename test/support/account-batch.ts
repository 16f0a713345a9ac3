import { randomBytes } from 'node:crypto';
import { batchId, encodeNdjson, leafOf, rootOf, signBatch, toHex } from '../../protocol/index.ts';
import type { Account } from '../../sdk/js/index.ts';
import { testEvent } from './signed-batches.ts';

/** A batch of one event from a new source of this account, which can also sign requests. */
export function accountBatch(app: Uint8Array, account: Account, network = 'cere-sandbox') {
  const batch = signBatch({
    network,
    app: toHex(app),
    wallet: toHex(account.publicKey),
    source: randomBytes(16).toString('hex'),
    seq: 0,
    issuedAt: Date.now(),
    signer: 'wallet',
    algorithm: account.algorithm,
    wrap: 'none',
    events: [testEvent(0, { purchase: '{"order":1}' })],
    keyPair: account,
  });
  return { ndjson: encodeNdjson(batch), batchId: batchId(batch.header, rootOf(batch.events.map(leafOf))) };
}
