import { RetriableError } from '../../services/pipeline/errors.ts';
import type { EventName, Signals } from '../../services/pipeline/events.ts';
import { NO_FAULTS } from '../../services/pipeline/faults.ts';
import type { LogLookup, LogRecord, LogWriter, PartitionInput } from '../../services/pipeline/ports/log.ts';
import type { Positions } from '../../services/pipeline/ports/positions.ts';
import type { StageEdges } from '../../services/pipeline/stage.ts';
import type { Instance } from './scheduler.ts';
import type { World } from './world.ts';

const down = () => new RetriableError('down', 'not now');
const WATCHED: readonly EventName[] = ['gap', 'behind', 'repaired'];

/**
 * A call that changes something, between two gates: it may be refused, happen with its answer lost, or happen while the caller dies.
 */
export async function happen<T>(world: World, instance: Instance, effect: () => T | Promise<T>): Promise<T> {
  await world.scheduler.gate(instance);
  if (world.chance('refuse')) throw down();
  const answer = await effect();
  if (world.chance('lostAck')) throw down();
  if (world.stormy && world.chances.happens(0.3)) await world.scheduler.gate(instance);
  return answer;
}

function writerFor(world: World, instance: Instance): LogWriter {
  const inner = world.log.writer();
  return {
    send: async (topic, partition, records) => {
      await world.scheduler.gate(instance);
      if (world.chance('refuse')) throw down();
      if (world.chance('lie')) {
        world.lies += 1;
        world.truthful = false;
        return world.end(topic);
      }
      if (world.chance('late')) {
        world.onTheWire.push(() => void inner.send(topic, partition, records));
        throw down();
      }
      const offset = await inner.send(topic, partition, records);
      if (world.chance('lostAck')) throw down();
      if (world.stormy && world.chances.happens(0.3)) await world.scheduler.gate(instance);
      return offset;
    },
    close: async () => undefined,
  };
}

function positionsFor(world: World, instance: Instance): Positions {
  const inner = world.positions;
  return {
    load: (stage, p) => happen(world, instance, () => inner.load(stage, p)),
    compareAndSet: (stage, p, from, to) => happen(world, instance, () => inner.compareAndSet(stage, p, from, to)),
    repair: (upstream, p, mark) => happen(world, instance, () => inner.repair(upstream, p, mark)),
    countCrash: (stage, p, next) => inner.countCrash(stage, p, next),
    crashes: (stage, p, next) => inner.crashes(stage, p, next),
    crashPlace: (stage, p) => inner.crashPlace(stage, p),
    forgetCrashes: (stage, p, next) => inner.forgetCrashes(stage, p, next),
    park: (stage, p, next) => inner.park(stage, p, next),
    parked: (stage, p, next) => inner.parked(stage, p, next),
  };
}

/** One partition of a topic as an instance sees it, with reads that skip or repeat. */
export function inputFor(world: World, instance: Instance, topic: string): PartitionInput {
  const group = instance.room;
  let at = world.progress.get(group) ?? 0;
  return {
    partition: 0,
    revoked: instance.revoke.signal,
    seek: (offset) => {
      at = offset;
    },
    async poll({ maxRecords, waitMs }) {
      await world.scheduler.gate(instance);
      instance.revoke.signal.throwIfAborted();
      if (world.chance('refuse')) throw down();
      if (world.chance('skip')) at = Math.max(0, at + world.chances.below(4) - 1);
      const records = world.log.records(topic, 0);
      const most = Math.min(maxRecords, world.stormy ? 1 + world.chances.below(3) : maxRecords);
      const ready: LogRecord[] = records.slice(at, at + most);
      at += ready.length;
      if (ready.length === 0) world.scheduler.now += waitMs;
      return ready;
    },
    async endOffset() {
      await world.scheduler.gate(instance);
      if (world.chance('refuse')) throw down();
      return world.end(topic);
    },
    showProgress: (next) => void world.progress.set(group, next),
  };
}

function lookupFor(world: World): LogLookup {
  return world.log.lookup();
}

/** The edges of one instance: the twins, with weather. */
export function edgesFor(world: World, instance: Instance): StageEdges {
  const { scheduler } = world;
  const signals: Signals = {
    emit: (name) => {
      if (WATCHED.includes(name)) world.alarms.set(name, (world.alarms.get(name) ?? 0) + 1);
    },
    gauge: () => undefined,
  };
  return {
    writer: writerFor(world, instance),
    positions: positionsFor(world, instance),
    lookup: lookupFor(world),
    clock: {
      now: () => scheduler.now,
      async sleep(ms, signal) {
        await scheduler.gate(instance);
        scheduler.now += Math.min(ms, 10);
        signal?.throwIfAborted();
      },
    },
    random: { float: () => 0.5, bytes: (n) => new Uint8Array(n) },
    signals,
    faults: NO_FAULTS,
    rules: world.rules,
    pace: { idleMs: 5, compareMs: 20, checkMs: 40 },
  };
}
