import { defineRecord, id16 } from './define-record.ts';

/** The only record of topic `ddc.log`: which log the offsets of the batch topics belong to. */
export interface LogId {
  /** 16 random bytes, written when the batch topics are created. */
  id: Uint8Array;
}

export const logId = defineRecord<LogId>('LogId', 'Which log the offsets of the batch topics belong to.', [
  { name: 'id', type: id16('Id') },
]);
