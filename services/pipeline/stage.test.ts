import { beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import type { DeadLetter, Encrypted, Received } from '../../schemas/index.ts';
import type { Clock } from './clock.ts';
import { RetriableError } from './errors.ts';
import { NO_SIGNALS } from './events.ts';
import { NO_FAULTS } from './faults.ts';
import { dlq, drop, type Outcome, ok } from './outcome.ts';
import type { Codec } from './ports/codec.ts';
import { ALL_RULES } from './rules/rules.ts';
import { runStage, type StageEdges, type StagePlan } from './stage.ts';
import { voidOf } from './void.ts';
import { startWorker } from './worker.ts';

const TOPICS = { received: 'received', input: 'received', output: 'encrypted', dead: 'dead' };
const LIMITS = { maxRecords: 10, maxBytes: 10_000, lingerMs: 0 };

/** Records as JSON; bytes as one number, which is all that these tests look at. */
function jsonCodec<T>(): Codec<T> {
  return {
    encode: (record) =>
      new TextEncoder().encode(
        JSON.stringify(record, (_, value) => (value instanceof Uint8Array ? { byte: value[0] ?? null } : value)),
      ),
    decode: (value) => {
      const text = new TextDecoder().decode(value);
      if (!text.startsWith('{')) throw Object.assign(new Error('not a record'), { code: 'undecodable' });
      return JSON.parse(text, (_, found) =>
        found && typeof found === 'object' && 'byte' in found ? Uint8Array.of(found.byte ?? 0) : found,
      );
    },
  };
}

const codecs = {
  received: jsonCodec<Received>(),
  input: jsonCodec<Received>(),
  output: jsonCodec<Encrypted>(),
  dead: jsonCodec<DeadLetter>(),
};

/** Real time, but without waiting for it. */
const clock: Clock = {
  now: () => Date.now(),
  sleep: async (_ms, signal) => {
    signal?.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  },
};

const batch = (n: number): Received => ({
  batchId: Uint8Array.of(n),
  app: Uint8Array.of(1),
  wallet: Uint8Array.of(2),
  rootVersion: 1,
  receivedAt: 0,
  format: 'ndjson',
  sealed: Uint8Array.of(n),
});
const encrypted = (of: Received): Encrypted => ({ ...voidOf(of, 'dead'), reason: null });

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

type Transform = StagePlan<Received, Encrypted>['transform'];

describe('a stage', () => {
  let log: MemoryLog;
  let edges: StageEdges;
  let fatal: unknown[];

  beforeEach(() => {
    log = new MemoryLog();
    for (const topic of ['received', 'encrypted', 'dead']) log.createTopic(topic, 2);
    fatal = [];
    edges = {
      writer: log.writer(),
      lookup: log.lookup(),
      positions: memoryPositions('00'),
      clock,
      random: { float: () => 0, bytes: (n) => new Uint8Array(n) },
      signals: NO_SIGNALS,
      faults: NO_FAULTS,
      rules: ALL_RULES,
      pace: { idleMs: 20, compareMs: 40, checkMs: 80 },
    };
  });

  const receive = (partition: number, ...values: Uint8Array[]) =>
    edges.writer.send(
      'received',
      partition,
      values.map((value) => ({ key: new Uint8Array(32), value })),
    );
  const receiveBatches = (partition: number, ...numbers: number[]) =>
    receive(partition, ...numbers.map((n) => codecs.received.encode(batch(n))));
  const outputs = (partition = 0) =>
    log
      .records('encrypted', partition)
      .map(({ value, headers }) => ({ ...codecs.output.decode(value), origin: headers.origin }));

  const start = (transform: Transform, onFatal: (error: unknown) => void = (error) => fatal.push(error)) =>
    startWorker(
      log.consumer({ group: 'encryptor', topic: 'received' }),
      (input) =>
        runStage<Received, Encrypted>({ stage: 'encryptor', topics: TOPICS, codecs, transform }, LIMITS, edges, input),
      { signals: NO_SIGNALS, onFatal },
    );

  /** Waits for records of the output, as a reader of it would. */
  async function written(count: number, partition = 0, topic = 'encrypted'): Promise<void> {
    const { promise, resolve } = deferred<void>();
    const reader = log.consumer({ group: `watch-${topic}-${partition}-${count}`, topic });
    const done = reader.run(async (input) => {
      if (input.partition !== partition) return;
      let seen = 0;
      while (seen < count) seen += (await input.poll({ maxRecords: count, maxBytes: 1e6, waitMs: 5_000 })).length;
      resolve();
    });
    await promise;
    await reader.stop();
    await done;
  }

  test('gives one output for each input, in order, with its origin, in one call a flush', async () => {
    const calls: number[] = [];
    await receiveBatches(0, 10, 11, 12, 13);
    const worker = start(async (accepted) => {
      calls.push(accepted.length);
      return accepted.map(({ value, origin }): Outcome<Encrypted> => {
        if (origin === 1) return drop('duplicate');
        if (origin === 2) return dlq('unsealable', new Error('wrong key'), { source: Uint8Array.of(7), seq: 3 });
        return ok(encrypted(value));
      });
    });
    await written(4);
    await worker.close();
    expect(calls).toEqual([4]);
    expect(outputs().map(({ origin, reason, seq }) => [origin, reason, seq])).toEqual([
      ['0', null, null],
      ['1', 'duplicate', null],
      ['2', 'dead', 3],
      ['3', null, null],
    ]);
    expect(await edges.positions.load('encryptor', 0)).toEqual({ next: 4, mark: 3 });
    const letters = log.records('dead', 0).map(({ value }) => codecs.dead.decode(value));
    expect(letters).toMatchObject([{ origin: 2, stage: 'encryptor', code: 'unsealable', message: 'Error: wrong key' }]);
    expect([...(letters[0]?.sealed ?? [])]).toEqual([12]);
  });

  test('an undecodable record is a dead letter, and its neighbours pass', async () => {
    await receive(0, codecs.received.encode(batch(1)), new Uint8Array([0xff]), codecs.received.encode(batch(2)));
    const worker = start(async (accepted) => accepted.map(({ value }) => ok(encrypted(value))));
    await written(3);
    await worker.close();
    expect(outputs().map(({ reason }) => reason)).toEqual([null, 'dead', null]);
    expect(log.records('dead', 0)).toHaveLength(1);
  });

  test('what is down is tried again with the same inputs, and the other partition goes on meanwhile', async () => {
    let down = true;
    await receiveBatches(0, 1);
    await receiveBatches(1, 2);
    const worker = start(async (accepted, partition) => {
      if (partition === 0 && down) throw new RetriableError('down', 'not now');
      return accepted.map(({ value }) => ok(encrypted(value)));
    });
    await written(1, 1);
    expect(outputs(0)).toHaveLength(0);
    down = false;
    await written(1, 0);
    await worker.close();
    expect(fatal).toEqual([]);
  });

  test('a bug writes nothing and ends the process; after three the partition waits for an operator, who voids the record', async () => {
    await receiveBatches(0, 1);
    const buggy: Transform = async () => {
      throw new TypeError('a bug');
    };
    for (let crash = 1; crash <= 3; crash += 1) {
      const exit = deferred<unknown>();
      start(buggy, exit.resolve);
      expect(await exit.promise).toBeInstanceOf(TypeError);
      expect(await edges.positions.crashes('encryptor', 0, 0)).toBe(crash);
      expect(outputs()).toHaveLength(0);
    }
    const paused = start(buggy);
    await edges.positions.park('encryptor', 0, 0);
    await written(1);
    await paused.close();
    expect(fatal).toEqual([]);
    expect(outputs()).toMatchObject([{ reason: 'dead', origin: '0' }]);
  });

  test('asked to stop, it finishes the flush in hand and writes its row', async () => {
    await receiveBatches(0, 1, 2);
    const reached = deferred<void>();
    const go = deferred<void>();
    const worker = start(async (accepted) => {
      reached.resolve();
      await go.promise;
      return accepted.map(({ value }) => ok(encrypted(value)));
    });
    await reached.promise;
    const closed = worker.close();
    go.resolve();
    await closed;
    expect(outputs()).toHaveLength(2);
    expect(await edges.positions.load('encryptor', 0)).toEqual({ next: 2, mark: 1 });
  });

  test('refuses a row whose mark is beyond the end of the log', async () => {
    await receiveBatches(0, 1);
    const at = await edges.positions.load('encryptor', 0);
    await edges.positions.compareAndSet('encryptor', 0, at, { next: 9, mark: 8 });
    const told = deferred<unknown>();
    startWorker(
      log.consumer({ group: 'encryptor', topic: 'received' }),
      (input) =>
        runStage<Received, Encrypted>(
          { stage: 'encryptor', topics: TOPICS, codecs, transform: async () => [] },
          LIMITS,
          edges,
          input,
        ),
      { signals: NO_SIGNALS, onFatal: told.resolve },
    );
    expect(await told.promise).toMatchObject({ code: 'mark_beyond_end' });
  });
});
