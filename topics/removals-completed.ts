import { removalCompleted } from '../schemas/removal-completed.ts';
import { defineTopic, FOR_EVER } from './define-topic.ts';

export const removalsCompleted = defineTopic({
  name: 'ddc.removals.completed',
  schema: removalCompleted,
  partitions: 'one',
  retentionMs: FOR_EVER,
  summary: 'Reports that a removal was applied.',
});
