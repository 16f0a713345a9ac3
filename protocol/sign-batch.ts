import type { Batch, ClientPart } from './batch.ts';
import { toHex } from './bytes.ts';
import { type Event, parseEvent } from './event.ts';
import { batchId, parseUnsignedHeader, signedMessage, type UnsignedHeader } from './header.ts';
import { sign } from './signature.ts';
import { measureBatch } from './verify-batch.ts';

/** Header fields that the signer chooses; `v` and `count` follow. `client` only when the client encrypts itself. */
export type SignRequest = Omit<UnsignedHeader, 'v' | 'count'> & {
  events: Event[];
  keyPair: { publicKey: Uint8Array; secretKey: Uint8Array };
  client?: ClientPart;
};

/** A batch with the id that every receiver computes for it. */
export interface SignedBatch extends Batch {
  /** 32 bytes. */
  batchId: Uint8Array;
}

/** Stands for a signature while the batch is measured: all have the same length. */
const UNSIGNED = '0'.repeat(128);

/**
 * Signs events as one batch, checking everything that a receiver would refuse about them.
 * @throws ProtocolError
 */
export function signBatch({ events, keyPair, client, ...fields }: SignRequest): SignedBatch {
  const unsigned = parseUnsignedHeader({
    v: 1,
    network: fields.network,
    app: fields.app,
    wallet: fields.wallet,
    source: fields.source,
    seq: fields.seq,
    issuedAt: fields.issuedAt,
    count: events.length,
    signer: fields.signer,
    algorithm: fields.algorithm,
    wrap: fields.wrap,
  });
  const batch: Batch = {
    header: { ...unsigned, signature: UNSIGNED },
    events: events.map(parseEvent),
    ...(client && { client }),
  };
  const { root } = measureBatch(batch);
  const message = signedMessage(unsigned, root);
  batch.header.signature = toHex(sign({ algorithm: unsigned.algorithm, wrap: unsigned.wrap, keyPair, message }));
  return { ...batch, batchId: batchId(batch.header, root) };
}
