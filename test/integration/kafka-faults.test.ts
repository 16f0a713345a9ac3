import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createKafkaConsumer,
  createKafkaLookup,
  createKafkaWriter,
  type KafkaOptions,
} from '../../connectors/kafka/index.ts';
import { sendGzip } from '../../connectors/kafka/testing.ts';
import type { PartitionInput } from '../../services/pipeline/ports/log.ts';
import { createTopic, kafkaOptions, uniqueName } from '../support/kafka.ts';

/** Sockets that a test can take away: cut ends them and all later ones, freeze leaves them open and silent. */
function sockets(): Pick<Required<KafkaOptions>, 'socketFactory'> & { cut(): void; mend(): void; freeze(): void } {
  const open = new Set<Socket>();
  let state: 'up' | 'cut' = 'up';
  return {
    socketFactory: ({ host, port, onConnect }) => {
      const socket = connect({ host, port: state === 'cut' ? 1 : port }, onConnect);
      socket.on('close', () => open.delete(socket));
      open.add(socket);
      return socket;
    },
    cut: () => {
      state = 'cut';
      for (const socket of open) socket.destroy(new Error('cut by the test'));
    },
    mend: () => {
      state = 'up';
    },
    freeze: () => {
      for (const socket of open) {
        socket.pause();
        socket.write = () => true;
      }
    },
  };
}

const JOIN_GROUP = 11;
const GROUP_LOAD_IN_PROGRESS = 14;

/** A way to the broker on which the first `refusals` JoinGroup requests are answered as by a coordinator that is loading. */
async function loadingCoordinator(
  broker: string,
  refusals: number,
): Promise<Pick<Required<KafkaOptions>, 'socketFactory'> & { refused(): number; close(): void }> {
  const [host = '', port = ''] = broker.split(':');
  const open = new Set<Socket>();
  let refused = 0;
  const server = createServer((client) => {
    const upstream = connect({ host, port: Number(port) });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    upstream.pipe(client);
    let pending = Buffer.alloc(0);
    client.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const request = pending.subarray(0, 4 + pending.readInt32BE(0));
        pending = pending.subarray(request.length);
        if (request.readInt16BE(4) !== JOIN_GROUP || refused === refusals) upstream.write(request);
        else {
          refused += 1;
          // JoinGroup response v5: throttle time, error, generation, then protocol, leader, member and members, all empty.
          const answer = Buffer.alloc(4 + 4 + 20);
          answer.writeInt32BE(answer.length - 4, 0);
          request.copy(answer, 4, 8, 12);
          answer.writeInt16BE(GROUP_LOAD_IN_PROGRESS, 12);
          answer.writeInt32BE(-1, 14);
          client.write(answer);
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address() as AddressInfo;
  return {
    socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port: at.port }, onConnect),
    refused: () => refused,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

const whileHeld = (input: PartitionInput) =>
  new Promise<void>((resolve) => input.revoked.addEventListener('abort', () => resolve()));
const LIMITS = { maxRecords: 1000, maxBytes: 1e7, waitMs: 500 };

describe('when Kafka or a member fails', () => {
  const options = kafkaOptions();
  const writer = createKafkaWriter(options);
  const lookup = createKafkaLookup(options);
  let topic = '';
  let silent: Server;
  const held = new Set<Socket>();

  beforeAll(async () => {
    topic = await createTopic(1);
    silent = createServer((socket) => held.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await writer.close();
    await lookup.close();
    silent.close();
    for (const socket of held) socket.destroy();
  });

  test('a broker that takes connections and never answers is given up on: by writer, lookup and consumer', async () => {
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const mute = { ...options, brokers: [`127.0.0.1:${port}`], connectTimeoutMs: 200, requestTimeoutMs: 200 };
    const [muteWriter, muteLookup] = [createKafkaWriter(mute), createKafkaLookup(mute)];
    const record = { key: new Uint8Array(32), value: new Uint8Array(1) };
    await expect(muteWriter.send(topic, 0, [record])).rejects.toMatchObject({ retriable: true });
    await expect(muteLookup.endOffset(topic, 0)).rejects.toMatchObject({ retriable: true });
    const consumer = createKafkaConsumer({ ...mute, group: uniqueName('g'), topic, lookup: muteLookup });
    await expect(consumer.run(whileHeld)).rejects.toMatchObject({ retriable: true });
    await Promise.all([consumer.stop(), muteWriter.close(), muteLookup.close()]);
  });

  test('an outage of some seconds is sat out: the lane keeps its partition and goes on', async () => {
    const net = sockets();
    const own = await createTopic(1);
    const group = uniqueName('g');
    const consumer = createKafkaConsumer({ ...options, socketFactory: net.socketFactory, group, topic: own, lookup });
    const record = { key: new Uint8Array(32), value: new Uint8Array(1) };
    const seen: number[] = [];
    let lanes = 0;
    let first = (): void => undefined;
    let last = (): void => undefined;
    const [one, two] = [
      new Promise<void>((resolve) => (first = resolve)),
      new Promise<void>((resolve) => (last = resolve)),
    ];
    const running = consumer.run(async (input) => {
      lanes += 1;
      while (!input.revoked.aborted) {
        for (const { offset } of await input.poll(LIMITS)) seen.push(offset);
        if (seen.length === 1) first();
        if (seen.length === 2) last();
      }
    });
    await writer.send(own, 0, [record]);
    await one;
    net.cut();
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    net.mend();
    await writer.send(own, 0, [record]);
    await two;
    expect({ seen, lanes }).toEqual({ seen: [0, 1], lanes: 1 });
    await consumer.stop();
    await running;
  }, 60_000);

  test('a consumer that loses Kafka for good ends its run and says so once', async () => {
    const net = sockets();
    const told: Error[] = [];
    const consumer = createKafkaConsumer({
      ...options,
      socketFactory: net.socketFactory,
      group: uniqueName('g'),
      topic,
      lookup,
      attempts: 1,
      onFatal: (error) => told.push(error),
    });
    let joined: () => void = () => undefined;
    const member = new Promise<void>((resolve) => {
      joined = resolve;
    });
    const run = consumer.run(async (input) => {
      input.seek(0);
      joined();
      await whileHeld(input);
    });
    await member;
    net.cut();
    await expect(run).rejects.toMatchObject({ code: 'consumer_crashed', retriable: false });
    expect(told.map((error) => (error as Error & { code: string }).code)).toEqual(['consumer_crashed']);
    await consumer.stop();
  });

  test('a coordinator that is still loading is asked again until it lets the member join', async () => {
    const [broker = ''] = options.brokers;
    const loading = await loadingCoordinator(broker, 3);
    const consumer = createKafkaConsumer({
      ...{ ...options, socketFactory: loading.socketFactory, group: uniqueName('g'), topic, lookup },
    });
    let joined: () => void = () => undefined;
    const member = new Promise<void>((resolve) => (joined = resolve));
    const run = consumer.run(async (input) => {
      joined();
      await whileHeld(input);
    });
    await Promise.race([member, run]);
    expect(loading.refused()).toBe(3);
    await consumer.stop();
    await run;
    loading.close();
  });

  test('a member that died without a word is replaced by its successor within seconds', async () => {
    const group = uniqueName('g');
    const net = sockets();
    const join = (over: object) => {
      const consumer = createKafkaConsumer({ ...options, ...over, group, topic, lookup, connectTimeoutMs: 1_000 });
      const held = new Promise<PartitionInput>((resolve, reject) => {
        consumer
          .run(async (input) => {
            resolve(input);
            await whileHeld(input);
          })
          .catch(reject);
      });
      return { consumer, held };
    };
    const dead = join({ socketFactory: net.socketFactory });
    await dead.held;
    net.freeze();
    const before = performance.now();
    const successor = join({});
    await successor.held;
    expect(performance.now() - before).toBeLessThan(6_000);
    await successor.consumer.stop();
    await dead.consumer.stop();
    net.cut();
  });

  test('the largest send passes, and one beyond it is refused for good', async () => {
    const key = new Uint8Array(32);
    const value = new Uint8Array(3 * 1024 * 1024 - 512).fill(7);
    const offset = await writer.send(topic, 0, [{ key, value }]);
    expect((await lookup.readAt(topic, 0, offset)).value).toHaveLength(value.length);
    await expect(writer.send(topic, 0, [{ key, value: new Uint8Array(3 * 1024 * 1024) }])).rejects.toMatchObject({
      code: 'record_too_large',
      retriable: false,
    });
  });

  test('a compressed bomb stops the reader instead of filling its memory', async () => {
    const bombed = await createTopic(1);
    const value = Buffer.alloc(32 * 1024 * 1024);
    expect(gzipSync(value).length).toBeLessThan(100_000);
    await sendGzip(options, bombed, value);
    const consumer = createKafkaConsumer({ ...options, group: uniqueName('g'), topic: bombed, lookup, attempts: 1 });
    const run = consumer.run(async (input) => {
      for (;;) await input.poll(LIMITS);
    });
    await expect(run).rejects.toMatchObject({ code: 'consumer_crashed', retriable: false });
    await consumer.stop();
  });
});
