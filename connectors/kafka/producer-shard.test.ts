import { expect, test } from '@jest/globals';
import kafkajs, { type Kafka, type ProducerConfig, type ProducerRecord, type RecordMetadata } from 'kafkajs';
import { ProducerShard } from './producer-shard.ts';

type Answer = (record: ProducerRecord) => Promise<RecordMetadata[]>;
const never = <T>() => new Promise<T>(() => undefined);

/** Stands for the library, with an answer that a test chooses; what it was asked is kept. */
function library(answer: Answer, over: { connect?: () => Promise<void>; disconnect?: () => Promise<void> } = {}) {
  const asked: { configs: ProducerConfig[]; sends: ProducerRecord[]; underWay: number; most: number } = {
    configs: [],
    sends: [],
    underWay: 0,
    most: 0,
  };
  const kafka = {
    producer: (config: ProducerConfig) => {
      asked.configs.push(config);
      return {
        connect: over.connect ?? (async () => undefined),
        disconnect: over.disconnect ?? (async () => undefined),
        send: async (record: ProducerRecord) => {
          asked.sends.push(record);
          asked.underWay += 1;
          asked.most = Math.max(asked.most, asked.underWay);
          try {
            return await answer(record);
          } finally {
            asked.underWay -= 1;
          }
        },
      };
    },
  };
  const warned: string[] = [];
  const log = { warn: (_fields: object, message: string) => void warned.push(message), error: () => undefined };
  const options = { ackTimeoutMs: 50, sendDeadlineMs: 50, connectTimeoutMs: 50, log };
  return { asked, warned, shard: new ProducerShard(kafka as unknown as Kafka, options) };
}

const listed: Answer = async ({ topic, messages }) => [
  { topicName: topic, partition: messages[0]?.partition ?? -1, errorCode: 0, baseOffset: '3' },
];
const one = [{ key: new Uint8Array(32), value: new Uint8Array(5), headers: { origin: '9' } }];

test('a producer is plain: not idempotent, one request in flight, no attempts of its own, no new topics, acks from all', async () => {
  const { asked, shard } = library(listed);
  expect(await shard.send('t', 2, one)).toBe(3);
  expect(asked.configs).toEqual([
    expect.objectContaining({
      idempotent: false,
      maxInFlightRequests: 1,
      retry: { retries: 0 },
      allowAutoTopicCreation: false,
    }),
  ]);
  expect(asked.sends[0]).toMatchObject({
    acks: -1,
    topic: 't',
    messages: [{ partition: 2, headers: { origin: '9' } }],
  });
});

test('an answer that lacks the partition is no acknowledgement', async () => {
  const { shard } = library(async () => []);
  await expect(shard.send('t', 2, one)).rejects.toMatchObject({ code: 'send_unacknowledged', retriable: true });
});

test('one send is under way at a time, and they leave in order', async () => {
  const { asked, shard } = library(async (record) => {
    await new Promise(setImmediate);
    return listed(record);
  });
  await Promise.all([0, 1, 2, 3].map((partition) => shard.send('t', partition, one)));
  expect(asked.most).toBe(1);
  expect(asked.sends.map(({ messages }) => messages[0]?.partition)).toEqual([0, 1, 2, 3]);
});

test('a send that fails does not hold up the next one', async () => {
  let failures = 1;
  const { shard } = library((record) =>
    failures-- > 0 ? Promise.reject(new kafkajs.KafkaJSConnectionError('broken')) : listed(record),
  );
  const [first, second] = await Promise.allSettled([shard.send('t', 0, one), shard.send('t', 0, one)]);
  expect(first).toMatchObject({ status: 'rejected', reason: { retriable: true } });
  expect(second).toEqual({ status: 'fulfilled', value: 3 });
});

test('a send without an answer times out, and the next one has a producer of its own', async () => {
  let silent = true;
  const { asked, shard } = library((record) => (silent ? never() : listed(record)));
  await expect(shard.send('t', 0, one)).rejects.toMatchObject({ code: 'kafka_timeout', retriable: true });
  silent = false;
  expect(await shard.send('t', 0, one)).toBe(3);
  expect(asked.configs).toHaveLength(2);
});

test('connecting has a deadline, and a later send connects again', async () => {
  let silent = true;
  const { shard } = library(listed, { connect: () => (silent ? never() : Promise.resolve()) });
  await expect(shard.send('t', 0, one)).rejects.toMatchObject({ code: 'kafka_timeout', retriable: true });
  silent = false;
  expect(await shard.send('t', 0, one)).toBe(3);
});

test('disconnecting has a deadline: closing ends although the library hangs', async () => {
  const { shard, warned } = library(listed, { disconnect: () => never() });
  await shard.send('t', 0, one);
  await shard.close();
  expect(warned).toEqual(['a producer did not disconnect cleanly']);
});
