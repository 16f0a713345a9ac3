import { Kafka, logLevel } from 'kafkajs';

/** A record as kafkajs takes it. */
export interface RawRecord {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Record<string, string>;
}

/** Of one request. */
const TOGETHER = 1_000;

/** The ceiling of a Kafka sink: records that were encoded before, 1,000 in a request with acks=all, one request after the other. */
export async function openRawRecords(brokers: readonly string[], topic: string) {
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.ERROR }).producer({
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  return {
    async send(partition: number, records: readonly RawRecord[]): Promise<void> {
      for (let at = 0; at < records.length; at += TOGETHER) {
        const messages = records.slice(at, at + TOGETHER).map((record) => ({ ...record, partition }));
        await producer.send({ topic, acks: -1, messages });
      }
    },
    close: () => producer.disconnect(),
  };
}
