export type { KafkaLog, KafkaOptions } from './client.ts';
export { type ConsumerOptions, createKafkaConsumer } from './consumer.ts';
export { createKafkaLookup, type KafkaLookup } from './lookup.ts';
export { createKafkaWriter, type WriterOptions } from './writer.ts';
