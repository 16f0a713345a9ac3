import { MAX_MESSAGE_BYTES } from '../../../topics/define-topic.ts';
import { topics as ownTopics } from '../../../topics/index.ts';
import type { ForeignTopic } from '../../kafka/index.ts';

/** The part of the sink's configuration that topics follow from. */
export interface TopicPlan {
  readonly prefix: string;
  readonly partitions: number;
  readonly copies: number;
  readonly retentionMs: number | null;
  readonly compactWithinMs: number;
  readonly noticeMs: number;
}

/** No table is called so: names of tables follow the prefix and a dot. */
export const controlTopic = (prefix: string): string => `${prefix}-ddc`;
export const removedTopic = (prefix: string): string => `${prefix}-removed`;
export const tableTopic = (prefix: string, table: string): string => `${prefix}.${table}`;

/** Whether some table would have the topic of a deployment, with whatever DDC_TOPIC_PREFIX: `ddc`, `x-ddc.batches`. A table may be called as its type is. */
export const beginsOwnTopic = (prefix: string): boolean =>
  ownTopics.some(({ name }) =>
    name.split('.').some((_, n, parts) => n > 0 && isTailOf(parts.slice(0, n).join('.'), prefix)),
  );

/** As a whole word: a prefix of any deployment ends with something else, or somebody chose it to be like this. */
const isTailOf = (tail: string, text: string): boolean =>
  text.endsWith(tail) && !/[A-Za-z0-9]$/.test(text.slice(0, -tail.length));

const COMMON = {
  'compression.type': 'producer',
  'max.message.bytes': String(MAX_MESSAGE_BYTES),
  'message.timestamp.type': 'LogAppendTime',
  'unclean.leader.election.enable': 'false',
};

/**
 * Rows, each under a key of its own: compaction keeps them all, until a tombstone takes one. A broker compacts closed segments only, and
 * `max.compaction.lag.ms` closes them too.
 */
export function rowsTopic({ prefix, partitions, copies, ...plan }: TopicPlan, table: string): ForeignTopic {
  const { retentionMs, compactWithinMs, noticeMs } = plan;
  return {
    ...{ name: tableTopic(prefix, table), partitions, copies },
    settings: {
      ...COMMON,
      'cleanup.policy': retentionMs === null ? 'compact' : 'compact,delete',
      'delete.retention.ms': String(noticeMs),
      'max.compaction.lag.ms': String(compactWithinMs),
      'retention.ms': String(retentionMs ?? -1),
    },
  };
}

/** What was deleted, for targets that know no tombstones. */
export const removals = ({ prefix, partitions, copies, noticeMs }: TopicPlan): ForeignTopic => ({
  ...{ name: removedTopic(prefix), partitions, copies },
  settings: { ...COMMON, 'cleanup.policy': 'delete', 'retention.ms': String(noticeMs) },
});

/** Partition 0 is the book, p + 1 the position of partition p: one that is held up in a transaction holds up no other. */
export const control = ({ prefix, partitions, copies }: TopicPlan): ForeignTopic => ({
  ...{ name: controlTopic(prefix), partitions: partitions + 1, copies },
  settings: { ...COMMON, 'cleanup.policy': 'compact', 'segment.bytes': String(4 * 1024 * 1024) },
});
