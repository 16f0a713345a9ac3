import { received } from '../schemas/received.ts';
import { DAY, defineTopic } from './define-topic.ts';

export const batchesReceived = defineTopic({
  name: 'ddc.batches.received',
  schema: received,
  partitions: 'per-wallet',
  retentionMs: 7 * DAY,
  summary: 'Accepted batches, sealed to the transit key of (app, wallet).',
});
