import { defineRecord, hash32, id16 } from './define-record.ts';

/** A request that data of (app, wallet) be erased or removed. The truth is the row in `removals`; this is its copy that outlives the database. */
export interface Removal {
  id: Uint8Array;
  app: Uint8Array;
  wallet: Uint8Array;
  kind: 'erase' | 'remove';
  /** First `received` offset that the erasure does not reach; null for `remove`. */
  fence: number | null;
  /** Root versions whose wrapped root was overwritten: a key table restored from a backup must not have them. */
  rootVersions: number[];
  /** Milliseconds since the epoch. */
  issuedAt: number;
}

export const removal = defineRecord<Removal>('Removal', 'A request that data of (app, wallet) be erased or removed.', [
  { name: 'id', type: id16('RequestId') },
  { name: 'app', type: hash32('App') },
  { name: 'wallet', type: hash32('Wallet') },
  { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['erase', 'remove'] } },
  { name: 'fence', type: ['null', 'long'], default: null },
  { name: 'rootVersions', type: { type: 'array', items: 'int' }, default: [] },
  { name: 'issuedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
]);
