import { defineRecord, hash32 } from './define-record.ts';
import type { Received } from './received.ts';

/** The sealed original of a record that a stage could not take, with where and why. */
export interface DeadLetter extends Received {
  /** Offset of the original in `ddc.batches.received`. */
  origin: number;
  stage: 'encryptor' | 'pinner';
  /** Stable error code. */
  code: string;
  /** For operators; never content. */
  message: string;
}

export const deadLetter = defineRecord<DeadLetter>(
  'DeadLetter',
  'A record that a stage could not take: its sealed original, where and why.',
  [
    { name: 'batchId', type: hash32('BatchId') },
    { name: 'app', type: hash32('App') },
    { name: 'wallet', type: hash32('Wallet') },
    { name: 'rootVersion', type: 'int' },
    { name: 'receivedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'format', type: { type: 'enum', name: 'Format', symbols: ['ndjson', 'json'] } },
    { name: 'sealed', type: 'bytes' },
    { name: 'origin', type: 'long' },
    { name: 'stage', type: { type: 'enum', name: 'Stage', symbols: ['encryptor', 'pinner'] } },
    { name: 'code', type: 'string' },
    { name: 'message', type: 'string' },
  ],
);
