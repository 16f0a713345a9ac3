import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type {
  LogConsumer,
  LogHistory,
  LogLookup,
  LogRecord,
  LogWriter,
  OutgoingRecord,
  PartitionInput,
} from '../../services/pipeline/ports/log.ts';

/** Where the suite gets its log from. Everything opened through it is closed by the suite. */
export interface LogUnderTest {
  /** A new topic. @returns its name */
  makeTopic(partitions: number): Promise<string>;
  writer(): Promise<LogWriter>;
  lookup(): Promise<LogLookup & LogHistory>;
  /** A member of a consumer group, not yet running. */
  consumer(group: string, topic: string): Promise<LogConsumer>;
  newGroup(): string;
}

const record = (n: number, headers?: Record<string, string>): OutgoingRecord => ({
  key: new Uint8Array(32).fill(n),
  value: new TextEncoder().encode(`record ${n}`),
  ...(headers ? { headers } : {}),
});
const records = (count: number, first = 0) => Array.from({ length: count }, (_, i) => record(first + i));
const textOf = ({ value }: LogRecord) => new TextDecoder().decode(value);
const LIMITS = { maxRecords: 100, maxBytes: 1_000_000, waitMs: 200 };

/** Reads until `count` records came or the input is revoked. */
async function readUpTo(input: PartitionInput, count: number, limits = LIMITS): Promise<LogRecord[]> {
  const read: LogRecord[] = [];
  while (read.length < count) read.push(...(await input.poll(limits)));
  return read;
}

/** A lane that a test drives from outside. */
class Lanes {
  readonly held = new Map<number, PartitionInput>();
  readonly ended: number[] = [];
  #changed: () => void = () => undefined;

  readonly serve = async (input: PartitionInput): Promise<void> => {
    this.held.set(input.partition, input);
    this.#changed();
    if (!input.revoked.aborted)
      await new Promise<void>((resolve) => input.revoked.addEventListener('abort', () => resolve()));
    this.held.delete(input.partition);
    this.ended.push(input.partition);
    this.#changed();
  };

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async input(partition: number): Promise<PartitionInput> {
    await this.until(() => this.held.has(partition));
    return this.held.get(partition) as PartitionInput;
  }
}

export function logContract(name: string, open: () => Promise<LogUnderTest & { close(): Promise<void> }>): void {
  describe(`Log: ${name}`, () => {
    let log: LogUnderTest & { close(): Promise<void> };
    const closing: (() => Promise<void>)[] = [];

    beforeEach(async () => {
      log = await open();
    });
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close();
      await log.close();
    });

    const writer = async () => {
      const opened = await log.writer();
      closing.push(() => opened.close());
      return opened;
    };
    const lookup = async () => {
      const opened = await log.lookup();
      closing.push(() => opened.close());
      return opened;
    };
    const run = async (group: string, topic: string, lanes = new Lanes()) => {
      const consumer = await log.consumer(group, topic);
      const done = consumer.run(lanes.serve);
      let stopped = false;
      const stop = async () => {
        if (stopped) return;
        stopped = true;
        await consumer.stop();
        await done;
      };
      closing.push(stop);
      return { lanes, stop };
    };

    test('offsets are dense from 0, and the first one of a send is its answer', async () => {
      const topic = await log.makeTopic(2);
      const out = await writer();
      expect(await out.send(topic, 1, records(3))).toBe(0);
      expect(await out.send(topic, 1, records(2, 3))).toBe(3);
      expect(await out.send(topic, 0, records(1))).toBe(0);
      const reader = await lookup();
      expect(await reader.endOffset(topic, 1)).toBe(5);
      expect(await reader.endOffset(topic, 0)).toBe(1);
    });

    test('a record comes back as it was sent: key, value, headers', async () => {
      const topic = await log.makeTopic(1);
      await (await writer()).send(topic, 0, [record(0), record(7, { origin: '42', retryOf: '3' })]);
      const found = await (await lookup()).readAt(topic, 0, 1);
      expect(found.offset).toBe(1);
      expect([...found.key]).toEqual([...record(7).key]);
      expect(textOf(found)).toBe('record 7');
      expect(found.headers).toEqual({ origin: '42', retryOf: '3' });
    });

    test('a send of nothing is a mistake of the caller', async () => {
      const topic = await log.makeTopic(1);
      const writer = await log.writer();
      await expect(writer.send(topic, 0, [])).rejects.toThrow('at least one record');
      expect(await writer.send(topic, 0, records(1))).toBe(0);
    });

    test('an offset that is not there is out of range', async () => {
      const topic = await log.makeTopic(1);
      await expect((await lookup()).readAt(topic, 0, 5)).rejects.toMatchObject({ code: 'offset_out_of_range' });
    });

    test('a partition is read from an offset to its end, across sends, and again from there', async () => {
      const topic = await log.makeTopic(2);
      const out = await writer();
      await out.send(topic, 0, records(3));
      await out.send(topic, 0, records(2, 3));
      await out.send(topic, 1, records(1, 9));
      const reader = await lookup();
      const from = async (offset: number) => {
        const read: string[] = [];
        for await (const one of reader.readFrom(topic, 0, offset)) read.push(`${one.offset} ${textOf(one)}`);
        return read;
      };
      expect(await from(0)).toEqual([0, 1, 2, 3, 4].map((n) => `${n} record ${n}`));
      expect(await from(1)).toHaveLength(4);
      expect(await from(5)).toEqual([]);
      await out.send(topic, 0, records(1, 5));
      expect(await from(5)).toEqual(['5 record 5']);
    });

    test('a consumer without a seek starts at the beginning and reads in order', async () => {
      const topic = await log.makeTopic(1);
      await (await writer()).send(topic, 0, records(5));
      const { lanes } = await run(log.newGroup(), topic);
      const read = await readUpTo(await lanes.input(0), 5);
      expect(read.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
      expect(read.map(textOf)).toEqual(['record 0', 'record 1', 'record 2', 'record 3', 'record 4']);
    });

    test('seek goes forwards and back, and drops what was buffered', async () => {
      const topic = await log.makeTopic(1);
      await (await writer()).send(topic, 0, records(6));
      const { lanes } = await run(log.newGroup(), topic);
      const input = await lanes.input(0);
      input.seek(4);
      expect((await readUpTo(input, 2)).map(({ offset }) => offset)).toEqual([4, 5]);
      input.seek(1);
      const again = await readUpTo(input, 1, { ...LIMITS, maxRecords: 2 });
      input.seek(0);
      expect(again[0]?.offset).toBe(1);
      expect((await readUpTo(input, 1, { ...LIMITS, maxRecords: 1 }))[0]?.offset).toBe(0);
    });

    test('a poll keeps its limits, and brings at least one record whatever its size', async () => {
      const topic = await log.makeTopic(1);
      await (await writer()).send(topic, 0, records(10));
      const { lanes } = await run(log.newGroup(), topic);
      const input = await lanes.input(0);
      const few = await readUpTo(input, 1, { ...LIMITS, maxRecords: 3 });
      expect(few.length).toBeLessThanOrEqual(3);
      const one = await readUpTo(input, 1, { ...LIMITS, maxBytes: 1 });
      expect(one).toHaveLength(1);
      expect(one[0]?.offset).toBe(few.length);
    });

    test('a poll without input comes back empty, and then with what is sent', async () => {
      const topic = await log.makeTopic(1);
      const { lanes } = await run(log.newGroup(), topic);
      const input = await lanes.input(0);
      expect(await input.poll({ ...LIMITS, waitMs: 20 })).toEqual([]);
      const waiting = readUpTo(input, 1, { ...LIMITS, waitMs: 5_000 });
      await (await writer()).send(topic, 0, records(1));
      expect((await waiting).map(({ offset }) => offset)).toEqual([0]);
      expect(await input.endOffset()).toBe(1);
    });

    test('stop revokes the partitions, ends waiting polls with the reason, and awaits the lanes', async () => {
      const topic = await log.makeTopic(2);
      const { lanes, stop } = await run(log.newGroup(), topic);
      const inputs = [await lanes.input(0), await lanes.input(1)];
      const waiting = inputs.map((input) =>
        input.poll({ ...LIMITS, waitMs: 60_000 }).catch((reason: unknown) => reason),
      );
      await stop();
      expect(inputs.map(({ revoked }) => revoked.aborted)).toEqual([true, true]);
      expect(await Promise.all(waiting)).toEqual(inputs.map(({ revoked }) => revoked.reason));
      expect(lanes.ended.sort()).toEqual([0, 1]);
    });

    test('a second member gets a share, and takes over when the first leaves', async () => {
      const topic = await log.makeTopic(2);
      const group = log.newGroup();
      const first = await run(group, topic);
      await first.lanes.until(() => first.lanes.held.size === 2);
      const second = await run(group, topic);
      await second.lanes.until(() => second.lanes.held.size === 1);
      await first.lanes.until(() => first.lanes.held.size === 1);
      expect([...first.lanes.held.keys(), ...second.lanes.held.keys()].sort()).toEqual([0, 1]);
      await first.stop();
      await second.lanes.until(() => second.lanes.held.size === 2);
    }, 60_000);

    test('groups do not share', async () => {
      const topic = await log.makeTopic(1);
      await (await writer()).send(topic, 0, records(2));
      const one = await run(log.newGroup(), topic);
      const other = await run(log.newGroup(), topic);
      expect(await readUpTo(await one.lanes.input(0), 2)).toHaveLength(2);
      expect(await readUpTo(await other.lanes.input(0), 2)).toHaveLength(2);
    });

    test('what a lane throws, run throws', async () => {
      const topic = await log.makeTopic(1);
      const consumer = await log.consumer(log.newGroup(), topic);
      const bug = new Error('a bug in the lane');
      await expect(
        consumer.run(async () => {
          throw bug;
        }),
      ).rejects.toBe(bug);
      await consumer.stop();
    });
  });
}
