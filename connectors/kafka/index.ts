export type { KafkaLog, KafkaOptions } from './client.ts';
export { CommittedReader, type CommittedRecord } from './committed-reader.ts';
export { createKafkaConsumer } from './consumer.ts';
export { ensureTopic, type ForeignTopic } from './foreign-topics.ts';
export { type Drift, KafkaTopics } from './kafka-topics.ts';
export { readLogId, writeLogId } from './log-id.ts';
export { createKafkaLookup, type KafkaLookup } from './lookup.ts';
export { FencedError, TransactionalWriter, type TransactionRecord } from './transactional-writer.ts';
export { createKafkaWriter, type WriterOptions } from './writer.ts';
