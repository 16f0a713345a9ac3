import { encrypted } from '../schemas/encrypted.ts';
import { DAY, defineTopic } from './define-topic.ts';

export const batchesEncrypted = defineTopic({
  name: 'ddc.batches.encrypted',
  schema: encrypted,
  partitions: 'per-wallet',
  retentionMs: 3 * DAY,
  summary: 'Batches encrypted per scope, one record per accepted input.',
});
