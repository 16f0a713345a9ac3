import { rawKafka, uniqueName } from './kafka.ts';

/** A record as a consumer of kafkajs gets it. */
export interface Consumed {
  readonly partition: number;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Everything of a topic that a consumer group of its own sees until the ends that the partitions had when it was asked.
 * @param atLeast asked again until so many are there: a commit is answered before the broker shows what it commits
 */
export async function consumeAll(
  topic: string,
  isolation: 'committed' | 'uncommitted' = 'committed',
  atLeast = 0,
): Promise<readonly Consumed[]> {
  for (;;) {
    const records = await consumeOnce(topic, isolation);
    if (records.length >= atLeast) return records;
  }
}

async function consumeOnce(topic: string, isolation: 'committed' | 'uncommitted'): Promise<readonly Consumed[]> {
  const kafka = rawKafka();
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map((one) => [one.partition, Number(one.high)]));
  await admin.disconnect();
  const consumer = kafka.consumer({
    groupId: uniqueName('g'),
    readUncommitted: isolation === 'uncommitted',
    maxWaitTimeInMs: 100,
  });
  const records: Consumed[] = [];
  const left = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const arrived = (partition: number, next: number) => {
      if (next >= (ends.get(partition) ?? 0)) left.delete(partition);
      if (left.size === 0) resolve();
    };
    if (left.size === 0) resolve();
    // Markers are no messages: the end of a batch tells how far a partition was read.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) =>
      arrived(payload.partition, Number(payload.lastOffset) + 1),
    );
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([k, v]) => [k, String(v)]));
          records.push({ partition, key: String(message.key), value: message.value, headers });
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return records;
}
