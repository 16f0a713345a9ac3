import { settlement } from '../schemas/settlement.ts';
import { defineTopic, FOR_EVER } from './define-topic.ts';

export const settlementsFinalized = defineTopic({
  name: 'ddc.settlements.finalized',
  schema: settlement,
  partitions: 'one',
  retentionMs: FOR_EVER,
  summary: 'Finalized charges, one record per app and round.',
});
