/**
 * Frozen: the ceiling. Raw kafkajs `send` of 1,000 records per request to the broker, without any check, one send after the other.
 * Environment: KAFKA_BROKERS, TOPIC, BYTES (per record). For each line `{"sends": n}` on stdin it sends n times and prints
 * `{"events", "seconds", "cpuMicros"}`.
 */
import { createInterface } from 'node:readline';
import { Kafka, logLevel } from 'kafkajs';

const topic = process.env.TOPIC as string;
const brokers = (process.env.KAFKA_BROKERS as string).split(',');
const value = Buffer.alloc(Number(process.env.BYTES), 0x61);
const producer = new Kafka({ brokers, logLevel: logLevel.ERROR }).producer({ allowAutoTopicCreation: false });
await producer.connect();
console.log(JSON.stringify({ message: 'ready' }));

for await (const line of createInterface({ input: process.stdin })) {
  const { sends } = JSON.parse(line) as { sends: number };
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let i = 0; i < sends; i++) {
    const messages = Array.from({ length: 1000 }, () => ({ partition: i % 4, value }));
    await producer.send({ topic, acks: -1, messages });
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({ events: sends * 1000, seconds, cpuMicros: used.user + used.system }));
}
await producer.disconnect();
