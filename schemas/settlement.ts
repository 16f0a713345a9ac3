import { defineRecord, hash32 } from './define-record.ts';

/** A finalized charge of one app in one round. */
export interface Settlement {
  network: string;
  round: number;
  app: Uint8Array;
  /** Merkle root over the round's leaves of this app. */
  root: Uint8Array;
  leaves: number;
  operations: number;
  bytes: number;
  /** Planck, decimal text of a u128. */
  fee: string;
  block: number;
  blockHash: Uint8Array;
  extrinsicHash: Uint8Array;
}

export const settlement = defineRecord<Settlement>('Settlement', 'A finalized charge of one app in one round.', [
  { name: 'network', type: 'string' },
  { name: 'round', type: 'long' },
  { name: 'app', type: hash32('App') },
  { name: 'root', type: hash32('Root') },
  { name: 'leaves', type: 'long' },
  { name: 'operations', type: 'long' },
  { name: 'bytes', type: 'long' },
  { name: 'fee', type: 'string' },
  { name: 'block', type: 'long' },
  { name: 'blockHash', type: hash32('BlockHash') },
  { name: 'extrinsicHash', type: hash32('ExtrinsicHash') },
]);
