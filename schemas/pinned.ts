import { defineRecord, hash32 } from './define-record.ts';
import { bodyFields, type Encrypted, type EncryptedBody, headFields } from './encrypted.ts';

/** Where a batch is in IPFS, added by the pinner to the encrypted body. */
export interface Location {
  /** Name of the set of IPFS nodes. */
  cluster: string;
  /** Bytes of the segment's CIDv1 (dag-cbor, blake2b-256). */
  segment: Uint8Array;
  /** Index into the segment's `batches`. */
  slot: number;
  /** BLAKE2b-256 of the batch's DAG-CBOR: what is settled and proved. */
  hash: Uint8Array;
  /** Bytes of all its envelopes, meta included: what is charged. */
  bytes: number;
}

export type PinnedBody = EncryptedBody & Location;
export type Pinned = Omit<Encrypted, 'body'> & { body: PinnedBody | null };

export const pinned = defineRecord<Pinned>(
  'Pinned',
  'An encrypted batch and where it is pinned, complete in itself; or a void.',
  [
    ...headFields,
    {
      name: 'body',
      type: [
        'null',
        {
          type: 'record',
          name: 'Body',
          fields: [
            ...bodyFields,
            { name: 'cluster', type: 'string' },
            { name: 'segment', type: 'bytes' },
            { name: 'slot', type: 'int' },
            { name: 'hash', type: hash32('BatchHash') },
            { name: 'bytes', type: 'long' },
          ],
        },
      ],
      default: null,
    },
  ],
);
