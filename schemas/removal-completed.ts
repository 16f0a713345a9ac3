import { defineRecord, id16 } from './define-record.ts';

/** One room's report that it has applied a removal. */
export interface RemovalCompleted {
  id: Uint8Array;
  /** Room, or `exporter:<export name>`. */
  reporter: string;
  /** Milliseconds since the epoch. */
  completedAt: number;
}

export const removalCompleted = defineRecord<RemovalCompleted>(
  'RemovalCompleted',
  'One room reports that it has applied a removal.',
  [
    { name: 'id', type: id16('RequestId') },
    { name: 'reporter', type: 'string' },
    { name: 'completedAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
);
