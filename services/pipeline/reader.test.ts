import { expect, test } from '@jest/globals';
import { resumeStage } from '../../cli/dlq.ts';
import { skipTrimmed } from '../../cli/repair.ts';
import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import type { Clock } from './clock.ts';
import { RetriableError } from './errors.ts';
import { NO_SIGNALS } from './events.ts';
import { NO_FAULTS } from './faults.ts';
import { type ReaderPlan, runReader } from './reader.ts';
import { ALL_RULES } from './rules/rules.ts';
import { startWorker } from './worker.ts';

/** Real time, but without waiting for it. */
const clock: Clock = {
  now: () => Date.now(),
  sleep: async (_ms, signal) => {
    signal?.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  },
};

test('a record whose schema is still on its way is waited for: no crash, nothing skipped', async () => {
  const log = new MemoryLog();
  for (const topic of ['received', 'pinned']) log.createTopic(topic, 1);
  const positions = memoryPositions('00');
  const writer = log.writer();
  const records = [0, 1].map((n) => ({ key: Uint8Array.of(1), value: Uint8Array.of(n), headers: { origin: `${n}` } }));
  await writer.send('received', 0, records);
  await writer.send('pinned', 0, records);

  let unknown = 2;
  const applied: number[] = [];
  let over: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const done = new Promise<void>((resolve, reject) => {
    over = { resolve, reject };
  });
  const plan: ReaderPlan<number> = {
    stage: 'indexer',
    received: 'received',
    onBehind: 'repair',
    codec: {
      decode: ([n]) => {
        if (n === 1 && unknown-- > 0) throw new RetriableError('schema_unknown', 'being fetched');
        return n ?? -1;
      },
    },
    load: (partition) => positions.load('indexer', partition),
    async apply(partition, from, to, accepted) {
      applied.push(...accepted.map(({ value }) => value));
      if (applied.length === 2) over?.resolve();
      return positions.compareAndSet('indexer', partition, from, to);
    },
  };
  const edges = { positions, lookup: log.lookup(), clock, random: { float: () => 0, bytes: () => new Uint8Array() } };
  const worker = startWorker(
    log.consumer({ group: 'indexer', topic: 'pinned' }),
    (input) =>
      runReader(
        plan,
        { maxRecords: 10, maxBytes: 1_000, lingerMs: 0 },
        { ...edges, signals: NO_SIGNALS, faults: NO_FAULTS, rules: ALL_RULES },
        input,
      ),
    { signals: NO_SIGNALS, onFatal: (error) => over?.reject(error) },
  );
  await done;
  await worker.close();
  expect(applied).toEqual([0, 1]);
  expect(await positions.load('indexer', 0)).toEqual({ next: 2, mark: 1 });
  expect(await positions.crashes('indexer', 0, 0)).toBe(0);
});

test('after three crashes a reader waits, and goes on with the same record once an operator says that it is mended', async () => {
  const log = new MemoryLog();
  for (const topic of ['received', 'pinned']) log.createTopic(topic, 1);
  const positions = memoryPositions('00');
  const record = { key: Uint8Array.of(1), value: Uint8Array.of(0), headers: { origin: '0' } };
  await log.writer().send('received', 0, [record]);
  await log.writer().send('pinned', 0, [record]);

  /** Runs the reader until it crashes, applies the record, or says that it waits. */
  async function outcomeOf(apply: () => void, whilePaused = async () => undefined as unknown): Promise<string> {
    let tell: (outcome: string) => void = () => undefined;
    const outcome = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const plan: ReaderPlan<number> = {
      stage: 'indexer',
      received: 'received',
      onBehind: 'repair',
      codec: { decode: ([n]) => n ?? -1 },
      load: (partition) => positions.load('indexer', partition),
      async apply(partition, from, to) {
        apply();
        const moved = await positions.compareAndSet('indexer', partition, from, to);
        tell('applied');
        return moved;
      },
    };
    const signals = {
      ...NO_SIGNALS,
      emit: (name: string) => void (name === 'crash-loop' && whilePaused()),
    };
    const edges = { positions, lookup: log.lookup(), clock, random: { float: () => 0, bytes: () => new Uint8Array() } };
    const worker = startWorker(
      log.consumer({ group: 'indexer', topic: 'pinned' }),
      (input) =>
        runReader(
          plan,
          { maxRecords: 10, maxBytes: 1_000, lingerMs: 0 },
          { ...edges, signals, faults: NO_FAULTS, rules: ALL_RULES },
          input,
        ),
      { signals: NO_SIGNALS, onFatal: (error) => tell(String(error)) },
    );
    const told = await outcome;
    await worker.close();
    return told;
  }

  const bug = () => {
    throw new TypeError('a bug');
  };
  for (let crash = 1; crash <= 3; crash += 1) expect(await outcomeOf(bug)).toBe('TypeError: a bug');
  await expect(resumeStage(positions, 'settler', 0)).rejects.toMatchObject({ code: 'not_paused' });
  const mended = await outcomeOf(
    () => undefined,
    () => resumeStage(positions, 'indexer', 0),
  );
  expect(mended).toBe('applied');
  expect(await positions.load('indexer', 0)).toEqual({ next: 1, mark: 0 });
});

test('a partition whose next record retention has taken waits alone, and goes on where an operator puts it', async () => {
  const log = new MemoryLog();
  const positions = memoryPositions('00');
  for (const topic of ['received', 'pinned']) log.createTopic(topic, 2);
  const records = [0, 1, 2].map((n) => ({
    key: Uint8Array.of(1),
    value: Uint8Array.of(n),
    headers: { origin: `${n}` },
  }));
  for (const topic of ['received', 'pinned'])
    for (const partition of [0, 1]) await log.writer().send(topic, partition, records);
  log.trim('pinned', 0, 2);

  const alarms: string[] = [];
  const applied: [number, number][] = [];
  let step: () => void = () => undefined;
  const until = async (holds: () => boolean) => {
    while (!holds())
      await new Promise<void>((resolve) => {
        step = resolve;
      });
  };
  const signals = {
    ...NO_SIGNALS,
    emit(name: string, { partition }: { partition: number }) {
      if (name === 'trimmed' || name === 'gap') alarms.push(`${name} ${partition}`);
      step();
    },
  };
  const plan: ReaderPlan<number> = {
    stage: 'indexer',
    received: 'received',
    onBehind: 'repair',
    codec: { decode: ([n]) => n ?? -1 },
    load: (partition) => positions.load('indexer', partition),
    async apply(partition, from, to, accepted) {
      if (!(await positions.compareAndSet('indexer', partition, from, to))) return false;
      for (const { value } of accepted) applied.push([partition, value]);
      step();
      return true;
    },
  };
  const edges = { positions, lookup: log.lookup(), clock, random: { float: () => 0, bytes: () => new Uint8Array() } };
  const failed: unknown[] = [];
  const worker = startWorker(
    log.consumer({ group: 'indexer', topic: 'pinned' }),
    (input) =>
      runReader(
        plan,
        { maxRecords: 10, maxBytes: 1_000, lingerMs: 0 },
        { ...edges, signals, faults: NO_FAULTS, rules: ALL_RULES },
        input,
      ),
    { signals: NO_SIGNALS, onFatal: (error) => failed.push(error) },
  );
  await until(() => alarms.includes('trimmed 0') && applied.length === 3);
  expect(applied).toEqual([0, 1, 2].map((n) => [1, n]));

  const kept = async () => ({ input: 2, received: 0 });
  expect(await skipTrimmed(positions, 0, kept)).toContainEqual({
    stage: 'indexer',
    outcome: { kind: 'move', to: { next: 2, mark: -1 } },
  });
  // What is left is a gap until upstream has emitted the rest again, and then it is all there.
  await until(() => alarms.includes('gap 0'));
  await log.writer().send('pinned', 0, records);
  await until(() => applied.length === 6);
  expect(applied.slice(3)).toEqual([0, 1, 2].map((n) => [0, n]));
  expect([alarms, failed]).toEqual([['trimmed 0', 'gap 0'], []]);
  await worker.close();
});
