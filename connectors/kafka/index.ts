export type { KafkaLog, KafkaOptions } from './client.ts';
export { createKafkaConsumer } from './consumer.ts';
export { createConsumerGroups } from './consumer-groups.ts';
export { type Drift, KafkaTopics } from './kafka-topics.ts';
export { readLogId, writeLogId } from './log-id.ts';
export { createKafkaLookup, type KafkaLookup } from './lookup.ts';
export { createKafkaWriter, type WriterOptions } from './writer.ts';
