export type { KafkaLog, KafkaOptions } from './client.ts';
export { type ConsumerOptions, createKafkaConsumer } from './consumer.ts';
export { type Drift, KafkaTopics, type TopicPlan } from './kafka-topics.ts';
export { readLogId, writeLogId } from './log-id.ts';
export { createKafkaLookup, type KafkaLookup } from './lookup.ts';
export { createKafkaWriter, type WriterOptions } from './writer.ts';
