import { logId } from '../schemas/log-id.ts';
import { defineTopic, FOR_EVER } from './define-topic.ts';

export const log = defineTopic({
  name: 'ddc.log',
  schema: logId,
  partitions: 'one',
  retentionMs: FOR_EVER,
  summary: 'One record: the random id of this log.',
});
