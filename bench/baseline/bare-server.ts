/**
 * Frozen: the least that takes an event over HTTP. Express and one awaited kafkajs send per request: no signature, no check, no encryption.
 * Only compared with, never improved. Environment: KAFKA_BROKERS, TOPIC. Prints its port as one JSON line.
 */
import express from 'express';
import { Kafka, logLevel } from 'kafkajs';

const topic = process.env.TOPIC as string;
const brokers = (process.env.KAFKA_BROKERS as string).split(',');
const producer = new Kafka({ brokers, logLevel: logLevel.ERROR }).producer({ allowAutoTopicCreation: false });
await producer.connect();

const app = express();
app.use(express.json());
app.post('/events', async (request, response) => {
  const { wallet, event } = request.body as { wallet: string; event: unknown };
  const value = JSON.stringify(event);
  await producer.send({ topic, acks: -1, messages: [{ key: Buffer.from(wallet, 'hex'), value }] });
  response.status(202).json({ ok: true });
});

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(JSON.stringify({ message: 'listening', port: typeof address === 'object' ? address?.port : undefined }));
});
process.on('SIGTERM', async () => {
  server.close();
  await producer.disconnect();
  process.exit(0);
});
