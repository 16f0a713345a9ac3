import { removal } from '../schemas/removal.ts';
import { FOR_EVER, defineTopic } from './define-topic.ts';

export const removalsRequested = defineTopic({
  name: 'ddc.removals.requested',
  schema: removal,
  partitions: 'one',
  retentionMs: FOR_EVER,
  summary: 'Erasures and removals to apply.',
});
