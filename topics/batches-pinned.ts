import { pinned } from '../schemas/pinned.ts';
import { DAY, defineTopic } from './define-topic.ts';

export const batchesPinned = defineTopic({
  name: 'ddc.batches.pinned',
  schema: pinned,
  partitions: 'per-wallet',
  retentionMs: 30 * DAY,
  summary: 'Encrypted batches and where they are pinned.',
});
