import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { applyTopics, topicsDrift } from '../../cli/topics.ts';
import { createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import { topics } from '../../topics/index.ts';
import { brokers, kafkaOptions, rawKafka, uniqueName } from '../support/kafka.ts';

describe('ddc topics', () => {
  const prefix = `${uniqueName('apply')}.`;
  const options = { brokers: brokers(), registryUrl: process.env.SCHEMA_REGISTRY_URL ?? '', prefix, partitions: 3 };
  const lookup = createKafkaLookup(kafkaOptions());
  const admin = rawKafka().admin();

  beforeAll(() => admin.connect());
  afterAll(async () => {
    await admin.disconnect();
    await lookup.close();
  });

  test('drift names every topic before apply, and nothing after', async () => {
    expect((await topicsDrift(options)).map((entry) => entry.what)).toEqual(topics.map(() => 'missing'));
    const { created, logId, drift } = await applyTopics(options);
    expect([created.length, logId.length, drift]).toEqual([topics.length, 16, []]);
    expect(await topicsDrift(options)).toEqual([]);
    expect(await lookup.partitions(`${prefix}ddc.batches.pinned`)).toBe(3);
    expect(await lookup.endOffset(`${prefix}ddc.log`, 0)).toBe(1);
  });

  test('applying again keeps the log and its id', async () => {
    const again = await applyTopics(options);
    const once = await applyTopics(options);
    expect(again.created).toEqual([]);
    expect(once.logId).toEqual(again.logId);
    expect(await lookup.endOffset(`${prefix}ddc.log`, 0)).toBe(1);
  });

  test('drift is reported, and changed back only when asked', async () => {
    const topic = `${prefix}ddc.batches.encrypted`;
    const configEntries = [{ name: 'retention.ms', value: '1000' }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
    const found = (await topicsDrift(options)).find((entry) => entry.what === 'retention.ms');
    expect(found).toEqual({ topic, what: 'retention.ms', wanted: '259200000', found: '1000' });
    expect((await applyTopics(options)).drift.length).toBeGreaterThan(0);
    expect((await applyTopics({ ...options, reset: true })).drift).toEqual([]);
  });

  test("retention counts by the broker's clock, whatever the producer's says", async () => {
    const topic = `${prefix}ddc.batches.dead`;
    const producer = rawKafka().producer();
    await producer.connect();
    const began = Date.now();
    await producer.send({ topic, messages: [{ partition: 0, value: 'old', timestamp: '1000' }] });
    await producer.disconnect();
    const [after] = await admin
      .fetchTopicOffsetsByTimestamp(topic, began - 60_000)
      .then((all) => all.filter((one) => one.partition === 0));
    // A record of 1970 would not be found here, and be deleted with the next look at retention.
    expect(after?.offset).toBe('0');
    const configEntries = [{ name: 'message.timestamp.type', value: 'CreateTime' }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
    expect(await topicsDrift(options)).toContainEqual({
      topic,
      what: 'message.timestamp.type',
      wanted: 'LogAppendTime',
      found: 'CreateTime',
    });
    expect((await applyTopics({ ...options, reset: true })).drift).toEqual([]);
  });

  test('another number of partitions is drift, and is not changed', async () => {
    const drift = await topicsDrift({ ...options, partitions: 5 });
    expect(drift.every((entry) => entry.what === 'partitions' && entry.wanted === '5' && entry.found === '3')).toBe(
      true,
    );
    expect(drift).toHaveLength(4);
  });

  test('what fails for now in the middle is tried again, and the log gets one id', async () => {
    const registry = new URL(options.registryUrl);
    let refused = 0;
    const flaky = createServer((incoming, outgoing) => {
      if (refused++ < 2) return void incoming.socket.destroy();
      const { method, url = '', headers } = incoming;
      const onward = request(
        new URL(url, registry),
        { method, headers: { ...headers, host: registry.host } },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      );
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => flaky.listen(0, '127.0.0.1', resolve));
    const { port } = flaky.address() as AddressInfo;
    const fresh = `${uniqueName('flaky')}.`;
    const registryUrl = `http://127.0.0.1:${port}${registry.pathname}`;
    const { created, drift } = await applyTopics({ ...options, prefix: fresh, registryUrl });
    flaky.closeAllConnections();
    flaky.close();
    expect([refused > 2, created.length, drift]).toEqual([true, topics.length, []]);
    expect(await lookup.endOffset(`${fresh}ddc.log`, 0)).toBe(1);
  });

  test('a lost batch topic is not silently made anew under the old log id', async () => {
    await admin.deleteTopics({ topics: [`${prefix}ddc.batches.pinned`] });
    while ((await admin.listTopics()).includes(`${prefix}ddc.batches.pinned`)) await new Promise(setImmediate);
    await expect(applyTopics(options)).rejects.toMatchObject({ code: 'log_broken' });
  });

  test('no part of ours creates a topic by using it', async () => {
    const name = uniqueName('never');
    const writer = createKafkaWriter(kafkaOptions());
    await expect(writer.send(name, 0, [{ key: new Uint8Array(1), value: new Uint8Array(1) }])).rejects.toMatchObject({
      retriable: true,
    });
    await expect(lookup.endOffset(name, 0)).rejects.toMatchObject({ retriable: true });
    await writer.close();
    expect(await admin.listTopics()).not.toContain(name);
  });
});
