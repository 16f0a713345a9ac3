import { defineRecord, hash32 } from './define-record.ts';

/** A batch as the API accepted it: the request body, inflated, sealed to the transit key of (app, wallet). */
export interface Received {
  /** 32 bytes. */
  batchId: Uint8Array;
  /** 32-byte public key. */
  app: Uint8Array;
  /** 32-byte public key. */
  wallet: Uint8Array;
  /** The user root whose transit key sealed the body. */
  rootVersion: number;
  /** Milliseconds since the epoch, the API's clock. */
  receivedAt: number;
  format: 'ndjson' | 'json';
  /** `crypto_box_seal` of the body. */
  sealed: Uint8Array;
}

export const received = defineRecord<Received>(
  'Received',
  'A batch as the API accepted it; the body is sealed to the transit key of (app, wallet).',
  [
    { name: 'batchId', type: hash32('BatchId') },
    { name: 'app', type: hash32('App') },
    { name: 'wallet', type: hash32('Wallet') },
    { name: 'rootVersion', type: 'int' },
    { name: 'receivedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'format', type: { type: 'enum', name: 'Format', symbols: ['ndjson', 'json'] } },
    { name: 'sealed', type: 'bytes' },
  ],
);
