import { CompressionTypes } from 'kafkajs';
import { type KafkaOptions, newKafka } from './client.ts';

/** For tests: one record in a gzip batch, as a foreign producer could write it. Our own writer never compresses. */
export async function sendGzip(options: KafkaOptions, topic: string, value: Uint8Array): Promise<void> {
  const producer = newKafka(options).producer();
  await producer.connect();
  try {
    const messages = [{ partition: 0, value: Buffer.from(value) }];
    await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
  } finally {
    await producer.disconnect();
  }
}
