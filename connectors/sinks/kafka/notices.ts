import { defineRecord } from '../../../schemas/define-record.ts';
import type { Codecs } from '../../../services/pipeline/ports/codec.ts';
import type { TransactionRecord } from '../../kafka/index.ts';
import type { Doomed } from './rows-scan.ts';

/** A row that was deleted, for targets that do not delete by a tombstone. */
interface Removed {
  readonly topic: string;
  readonly row_key: string;
  readonly app: string;
  readonly wallet: string;
  readonly batch_id: string;
  readonly slot: number;
  readonly event_id: string;
}

const removed = defineRecord<Removed>('Removed', 'A row that was deleted from a topic of an export.', [
  { name: 'topic', type: 'string' },
  { name: 'row_key', type: 'string' },
  { name: 'app', type: 'string' },
  { name: 'wallet', type: 'string' },
  { name: 'batch_id', type: 'string' },
  { name: 'slot', type: 'int' },
  { name: 'event_id', type: 'string' },
]);

/** Makes the records that say of a row that it was deleted. */
export interface Notices {
  readonly topic: string;
  readonly recordOf: (doomed: Doomed) => TransactionRecord;
}

/** @param topic where they go */
export async function openNotices(topic: string, codecs: Codecs): Promise<Notices> {
  const codec = await codecs.for({ name: topic, schema: removed });
  return {
    topic,
    recordOf: ({ topic: of, key, row: { app, wallet, batchId, slot, eventId } }) => ({
      key,
      value: codec.encode({ topic: of, row_key: key, app, wallet, batch_id: batchId, slot, event_id: eventId }),
    }),
  };
}
