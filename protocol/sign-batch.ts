import type { Batch, ClientPart } from './batch.ts';
import { toHex } from './bytes.ts';
import { type Event, parseEvent } from './event.ts';
import { batchId, parseUnsignedHeader, signedMessage, type UnsignedHeader } from './header.ts';
import { sign } from './signature.ts';
import { measureBatch } from './verify-batch.ts';

/** Header fields that the signer chooses; `v` and `count` follow. `client` only when the client encrypts itself. */
export type SignRequest = Omit<UnsignedHeader, 'v' | 'count'> & {
  /** 1 to 1000. In client mode every scope is `{commitment, envelope}`. */
  events: Event[];
  /** Of the wallet, or with `signer: 'app'` of the app: 32 and 64 bytes. */
  keyPair: { publicKey: Uint8Array; secretKey: Uint8Array };
  /** Set when the client encrypts itself. */
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
 * @example
 * const batch = signBatch({ network, app, wallet: toHex(keyPair.publicKey), source, seq: 0, issuedAt: Date.now(),
 *   signer: 'wallet', algorithm: 'sr25519', wrap: 'none', events, keyPair });
 * encodeNdjson(batch); // the body to send
 * @throws ProtocolError with the code of the first member that is wrong; `id`, `count`, `batch_too_large`, `length` (of the key pair).
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
