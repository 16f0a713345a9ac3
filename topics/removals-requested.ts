import { removal } from '../schemas/removal.ts';
import { defineTopic, FOR_EVER } from './define-topic.ts';

export const removalsRequested = defineTopic({
  name: 'ddc.removals.requested',
  schema: removal,
  partitions: 'one',
  retentionMs: FOR_EVER,
  summary: 'Erasures and removals to apply.',
});
