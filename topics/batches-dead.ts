import { deadLetter } from '../schemas/dead-letter.ts';
import { DAY, defineTopic } from './define-topic.ts';

export const batchesDead = defineTopic({
  name: 'ddc.batches.dead',
  schema: deadLetter,
  partitions: 'per-wallet',
  retentionMs: 30 * DAY,
  summary: 'Sealed originals of records that a stage could not take.',
});
