import { defineRecord, hash32, id16 } from './define-record.ts';

/** What a removal of single events selects: exactly one of ids, a stretch of time and a session. */
export interface RemovalSelector {
  /** Event ids; empty where it selects otherwise. */
  events: string[];
  /** Milliseconds since the epoch: from ≤ time < to. */
  from: number | null;
  to: number | null;
  /** Mark of the session, 32 bytes; its name is kept nowhere. */
  session: Uint8Array | null;
}

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
  /** Of `remove`: the log outlives the database, so it says what is removed. */
  selector: RemovalSelector | null;
}

export const removal = defineRecord<Removal>('Removal', 'A request that data of (app, wallet) be erased or removed.', [
  { name: 'id', type: id16('RequestId') },
  { name: 'app', type: hash32('App') },
  { name: 'wallet', type: hash32('Wallet') },
  { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['erase', 'remove'] } },
  { name: 'fence', type: ['null', 'long'], default: null },
  { name: 'rootVersions', type: { type: 'array', items: 'int' }, default: [] },
  { name: 'issuedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  {
    name: 'selector',
    type: [
      'null',
      {
        type: 'record',
        name: 'Selector',
        fields: [
          { name: 'events', type: { type: 'array', items: 'string' }, default: [] },
          { name: 'from', type: ['null', 'long'], default: null },
          { name: 'to', type: ['null', 'long'], default: null },
          { name: 'session', type: ['null', hash32('SessionMark')], default: null },
        ],
      },
    ],
    default: null,
  },
]);
