/**
 * Frozen: what an application team writes on the first day. Plain Express, one sr25519 verify and one awaited send per request.
 * Only compared with, never improved. Environment: KAFKA_BROKERS, TOPIC. Prints its port as one JSON line.
 */
import { cryptoWaitReady, sr25519Verify } from '@polkadot/util-crypto';
import express from 'express';
import { Kafka, logLevel } from 'kafkajs';

await cryptoWaitReady();
const topic = process.env.TOPIC as string;
const brokers = (process.env.KAFKA_BROKERS as string).split(',');
const producer = new Kafka({ brokers, logLevel: logLevel.ERROR }).producer({ allowAutoTopicCreation: false });
await producer.connect();

const app = express();
app.use(express.json());
app.post('/events', async (request, response) => {
  const { event, signature, wallet } = request.body as { event: string; signature: string; wallet: string };
  if (!sr25519Verify(Buffer.from(event), Buffer.from(signature, 'hex'), Buffer.from(wallet, 'hex'))) {
    response.status(422).json({ error: 'bad signature' });
    return;
  }
  await producer.send({ topic, acks: -1, messages: [{ key: Buffer.from(wallet, 'hex'), value: event }] });
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
