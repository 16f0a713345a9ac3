import { logId } from '../schemas/log-id.ts';
import { FOR_EVER, defineTopic } from './define-topic.ts';

export const log = defineTopic({
  name: 'ddc.log',
  schema: logId,
  partitions: 'one',
  retentionMs: FOR_EVER,
  summary: 'One record: the random id of this log.',
});
