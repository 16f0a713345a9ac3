import { defineRecord, hash32, id16 } from './define-record.ts';

/** Why an accepted input has no body: it stands in the log only so that origins stay dense. */
export type VoidReason = 'duplicate' | 'dead' | 'erased';

/** What every later room knows of a batch without opening it. */
export interface Summary {
  count: number;
  /** Distinct event types, sorted. */
  types: string[];
  /** Smallest and largest event id (UUIDv7). */
  idMin: string;
  idMax: string;
  /** Smallest and largest event time, milliseconds since the epoch. */
  timeMin: number;
  timeMax: number;
  /** 16 bytes. */
  source: Uint8Array;
  seq: number;
  signer: 'wallet' | 'app';
  /** Milliseconds since the epoch. */
  issuedAt: number;
}

export interface EncryptedBody {
  /** 32 bytes; stands for the wallet in public storage. */
  subject: Uint8Array;
  epoch: number;
  mode: 'service' | 'client';
  summary: Summary;
  /** Envelope of scope `__meta`. */
  meta: Uint8Array;
  /** In batch order: scope name → envelope. */
  events: Record<string, Uint8Array>[];
}

/** One record per accepted `received` record: the encrypted batch, or a void (`body` null, `reason` set). */
export interface Encrypted {
  batchId: Uint8Array;
  app: Uint8Array;
  wallet: Uint8Array;
  rootVersion: number;
  /** 16 bytes; null in a void whose body could not be read. */
  source: Uint8Array | null;
  seq: number | null;
  reason: VoidReason | null;
  body: EncryptedBody | null;
}

const summaryFields = [
  { name: 'count', type: 'int' },
  { name: 'types', type: { type: 'array', items: 'string' } },
  { name: 'idMin', type: 'string' },
  { name: 'idMax', type: 'string' },
  { name: 'timeMin', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'timeMax', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'source', type: 'Source' },
  { name: 'seq', type: 'long' },
  { name: 'signer', type: { type: 'enum', name: 'Signer', symbols: ['wallet', 'app'] } },
  { name: 'issuedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
];

/** The fields before `body`; `pinned` has the same. They define the named types App, Source and Summary. */
export const headFields = [
  { name: 'batchId', type: hash32('BatchId') },
  { name: 'app', type: hash32('App') },
  { name: 'wallet', type: hash32('Wallet') },
  { name: 'rootVersion', type: 'int' },
  { name: 'source', type: ['null', id16('Source')], default: null },
  { name: 'seq', type: ['null', 'long'], default: null },
  {
    name: 'reason',
    type: ['null', { type: 'enum', name: 'VoidReason', symbols: ['duplicate', 'dead', 'erased'] }],
    default: null,
  },
];

export const bodyFields = [
  { name: 'subject', type: hash32('Subject') },
  { name: 'epoch', type: 'long' },
  { name: 'mode', type: { type: 'enum', name: 'Mode', symbols: ['service', 'client'] } },
  { name: 'summary', type: { type: 'record', name: 'Summary', fields: summaryFields } },
  { name: 'meta', type: 'bytes' },
  { name: 'events', type: { type: 'array', items: { type: 'map', values: 'bytes' } } },
];

export const encrypted = defineRecord<Encrypted>('Encrypted', 'A batch encrypted per scope, or a void.', [
  ...headFields,
  { name: 'body', type: ['null', { type: 'record', name: 'Body', fields: bodyFields }], default: null },
]);
