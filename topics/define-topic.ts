import type { RecordSchema } from '../schemas/define-record.ts';

/** A Kafka topic as `ddc topics apply` creates it. */
export interface Topic<T> {
  /** Full name without the deployment's prefix. */
  readonly name: string;
  readonly schema: RecordSchema<T>;
  /** Partition n of one batch topic feeds partition n of the next; `one` for topics that are not per wallet. */
  readonly partitions: 'per-wallet' | 'one';
  /** Milliseconds; -1 keeps for ever. */
  readonly retentionMs: number;
  readonly summary: string;
}

export const DAY = 24 * 60 * 60 * 1000;
export const FOR_EVER = -1;
/** `max.message.bytes`, `replica.fetch.max.bytes` and consumer fetch, everywhere. */
export const MAX_MESSAGE_BYTES = 3 * 1024 * 1024;

/** Declares a topic. One file per topic, registered in `index.ts`. */
export function defineTopic<T>(topic: Topic<T>): Topic<T> {
  return topic;
}

/** The topic under the name that a deployment with this prefix gives it. */
export function withPrefix<T>(prefix: string, topic: Topic<T>): Topic<T> {
  return { ...topic, name: `${prefix}${topic.name}` };
}
