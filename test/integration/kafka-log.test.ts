import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createKafkaConsumer, createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import type { LogConsumer, LogRecord, PartitionInput } from '../../services/pipeline/ports/log.ts';
import { createTopic, kafkaOptions, rawKafka, uniqueName } from '../support/kafka.ts';

const record = (text: string, headers?: Record<string, string>) => ({
  key: new Uint8Array(32).fill(7),
  value: new TextEncoder().encode(text),
  ...(headers ? { headers } : {}),
});
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const LIMITS = { maxRecords: 1000, maxBytes: 1e6, waitMs: 500 };

describe('the Kafka end of the log', () => {
  const options = kafkaOptions();
  const writer = createKafkaWriter(options);
  const lookup = createKafkaLookup(options);
  const consumers: LogConsumer[] = [];
  let topic = '';

  const consume = (group: string, over: object = {}) => {
    const consumer = createKafkaConsumer({ ...options, group, topic, lookup, ...over });
    consumers.push(consumer);
    return consumer;
  };

  /** Joins, and gives each partition to the test as it comes. */
  const inputs = (consumer: LogConsumer) => {
    const waiting: ((input: PartitionInput) => void)[] = [];
    const ready: PartitionInput[] = [];
    const done = consumer.run(async (input) => {
      const next = waiting.shift();
      if (next) next(input);
      else ready.push(input);
      await new Promise<void>((resolve) => input.revoked.addEventListener('abort', () => resolve()));
    });
    const next = () =>
      new Promise<PartitionInput>((resolve) => {
        const input = ready.shift();
        if (input) resolve(input);
        else waiting.push(resolve);
      });
    return { next, done };
  };

  const readUntil = async (input: PartitionInput, count: number): Promise<LogRecord[]> => {
    const records: LogRecord[] = [];
    while (records.length < count) records.push(...(await input.poll(LIMITS)));
    return records;
  };

  beforeAll(async () => {
    topic = await createTopic(2);
  });

  afterAll(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await writer.close();
    await lookup.close();
  });

  test('a send answers with the offset of its first record, and partitions count apart', async () => {
    expect(await writer.send(topic, 0, [record('a'), record('b', { origin: '41' })])).toBe(0);
    expect(await writer.send(topic, 0, [record('c')])).toBe(2);
    expect(await writer.send(topic, 1, [record('d')])).toBe(0);
    expect(await lookup.endOffset(topic, 0)).toBe(3);
  });

  test('one record is read by its offset, from the middle of a batch too', async () => {
    const found = await lookup.readAt(topic, 0, 1);
    expect({ offset: found.offset, value: text(found.value), headers: found.headers }).toEqual({
      offset: 1,
      value: 'b',
      headers: { origin: '41' },
    });
    await expect(lookup.readAt(topic, 0, 3)).rejects.toMatchObject({ code: 'offset_out_of_range' });
    await expect(lookup.readAt(topic, 0, 99)).rejects.toMatchObject({ code: 'offset_out_of_range', retriable: false });
  });

  test('a lane reads from where it seeks to, forwards and back, and sees the end', async () => {
    const { next, done } = inputs(consume(uniqueName('g')));
    const [a, b] = [await next(), await next()];
    const zero = a.partition === 0 ? a : b;
    zero.seek(1);
    expect((await readUntil(zero, 2)).map((r) => [r.offset, text(r.value)])).toEqual([
      [1, 'b'],
      [2, 'c'],
    ]);
    zero.seek(0);
    expect((await readUntil(zero, 3)).map((r) => r.offset)).toEqual([0, 1, 2]);
    expect(await zero.endOffset()).toBe(3);
    const waiting = zero.poll({ ...LIMITS, waitMs: 10_000 });
    await writer.send(topic, 0, [record('e')]);
    expect((await waiting).map((r) => r.offset)).toEqual([3]);
    await consumers[0]?.stop();
    await expect(zero.poll(LIMITS)).rejects.toMatchObject({ code: 'partition_revoked' });
    await done;
  });

  test('a second member takes partitions over; the first goes on with what it keeps', async () => {
    const group = uniqueName('g');
    const first = inputs(consume(group));
    const held = [await first.next(), await first.next()];
    for (const input of held) input.seek(0);
    for (const input of held) await readUntil(input, 1);
    const second = inputs(consume(group));
    const taken = await second.next();
    const lost = held.find((input) => input.partition === taken.partition);
    const kept = held.find((input) => input.partition !== taken.partition);
    // The first member learns of it with its own answer of the group, a moment before or after the second.
    if (!lost?.revoked.aborted) await new Promise((resolve) => lost?.revoked.addEventListener('abort', resolve));
    expect(kept?.revoked.aborted).toBe(false);
    const before = await kept?.endOffset();
    const offset = await writer.send(topic, kept?.partition ?? -1, [record('after the rebalance')]);
    expect(offset).toBe(before);
    let last: LogRecord | undefined;
    while (last?.offset !== offset) last = (await kept?.poll(LIMITS))?.at(-1) ?? last;
    expect(text(last?.value ?? new Uint8Array())).toBe('after the rebalance');
  });

  test('an offset out of range stops the lane instead of starting elsewhere', async () => {
    const { next } = inputs(consume(uniqueName('g')));
    const input = await next();
    input.seek(1_000);
    const failure = (async () => {
      for (;;) await input.poll(LIMITS);
    })();
    await expect(failure).rejects.toMatchObject({ code: 'offset_out_of_range', retriable: false });
  });

  test('a place that retention has passed stops that lane until it seeks elsewhere, and no other', async () => {
    const admin = rawKafka().admin();
    await admin.connect();
    await admin.fetchTopicOffsets(topic); // deleting needs the metadata that this loads
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
    await admin.disconnect();
    const { next } = inputs(consume(uniqueName('g')));
    const [a, b] = [await next(), await next()];
    const [zero, one] = a.partition === 0 ? [a, b] : [b, a];
    zero.seek(0);
    one.seek(0);
    const failure = (async () => {
      for (;;) await zero.poll(LIMITS);
    })();
    await expect(failure).rejects.toMatchObject({ code: 'offset_out_of_range', name: 'TrimmedError' });
    await expect(failure).rejects.toThrow('ddc repair --skip-trimmed');
    await expect(zero.poll(LIMITS)).rejects.toMatchObject({ name: 'TrimmedError' });
    await expect(lookup.readAt(topic, 0, 0)).rejects.toMatchObject({ code: 'offset_out_of_range', retriable: false });
    expect((await readUntil(one, 1))[0]?.offset).toBe(0);
    zero.seek(2);
    expect((await readUntil(zero, 1))[0]?.offset).toBe(2);
  });

  test('progress is shown to Kafka', async () => {
    const group = uniqueName('g');
    const consumer = consume(group);
    const { next } = inputs(consumer);
    const input = await next();
    input.showProgress(2);
    await consumer.stop();
    const admin = rawKafka().admin();
    await admin.connect();
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    await admin.disconnect();
    expect(offsets?.partitions.find((p) => p.partition === input.partition)?.offset).toBe('2');
  });
});
