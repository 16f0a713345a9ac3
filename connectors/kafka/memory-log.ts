import { FatalError, RetriableError, TrimmedError } from '../../services/pipeline/errors.ts';
import type {
  LogConsumer,
  LogHistory,
  LogLookup,
  LogRecord,
  LogWriter,
  OutgoingRecord,
  PartitionInput,
} from '../../services/pipeline/ports/log.ts';

/** One partition: dense offsets from 0, what retention has left of it, and whoever waits for the next record. */
class MemoryPartition {
  readonly records: LogRecord[] = [];
  /** Offset of the first record that is kept. */
  first = 0;
  readonly #waiting = new Set<() => void>();

  append(records: readonly OutgoingRecord[]): number {
    const first = this.records.length;
    records.forEach((record, i) => {
      this.records.push({ ...record, headers: { ...record.headers }, offset: first + i });
    });
    for (const wake of [...this.#waiting]) wake();
    return first;
  }

  /** Resolves when something was appended, after `ms`, or when the signal is aborted. */
  change(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

/** A member of a group: what it may hold now, and a way to tell it that this changed. */
interface Member {
  readonly topic: string;
  rebalance(): void;
}

interface Group {
  readonly members: Member[];
  /** Topic/partition → who still serves it. A new owner waits until the old one has let go. */
  readonly held: Map<string, Member>;
  readonly committed: Map<string, number>;
}

/** The log in memory: topics, consumer groups with rebalances, look-ups. Twin of `connectors/kafka`. */
export class MemoryLog {
  readonly #topics = new Map<string, MemoryPartition[]>();
  readonly #groups = new Map<string, Group>();

  createTopic(name: string, partitions: number): void {
    if (this.#topics.has(name)) return;
    this.#topics.set(
      name,
      Array.from({ length: partitions }, () => new MemoryPartition()),
    );
  }

  /** Everything in a partition, for assertions. */
  records(topic: string, partition: number): readonly LogRecord[] {
    return this.#partition(topic, partition).records;
  }

  /** Lets retention pass everything below `first`. */
  trim(topic: string, partition: number, first: number): void {
    this.#partition(topic, partition).first = first;
  }

  writer(): LogWriter {
    let open = true;
    return {
      send: async (topic, partition, records) => {
        if (!open) throw new RetriableError('writer_closed', 'The writer is closed; open a new one.');
        if (records.length === 0) throw new TypeError('a send needs at least one record');
        return this.#partition(topic, partition).append(records);
      },
      close: async () => {
        open = false;
      },
    };
  }

  lookup(): LogLookup & LogHistory {
    const partitionOf = (topic: string, partition: number) => this.#partition(topic, partition);
    return {
      async *readFrom(topic, partition, offset) {
        yield* partitionOf(topic, partition).records.slice(offset);
      },
      readAt: async (topic, partition, offset) => {
        const { records, first } = this.#partition(topic, partition);
        const record = records[offset];
        if (record && offset >= first) return record;
        throw new FatalError('offset_out_of_range', `${topic}/${partition} has no record at offset ${offset}.`);
      },
      endOffset: async (topic, partition) => this.#partition(topic, partition).records.length,
      close: async () => undefined,
    };
  }

  consumer({ group: name, topic }: { group: string; topic: string }): LogConsumer {
    const group = this.#group(name);
    const serving = new Map<number, { stop: AbortController; done: Promise<void> }>();
    let finish: (error?: unknown) => void = () => undefined;
    let leaving = false;

    const member: Member = { topic, rebalance: () => balance() };

    const balance = () => {
      const mine = leaving ? new Set<number>() : this.#share(group, member);
      for (const [partition, { stop }] of serving) {
        if (!mine.has(partition)) stop.abort(new RetriableError('revoked', `Partition ${partition} was taken away.`));
      }
      for (const partition of mine) {
        const place = `${topic}/${partition}`;
        if (serving.has(partition) || group.held.has(place)) continue;
        group.held.set(place, member);
        const stop = new AbortController();
        // A lane that returns before it is revoked keeps its partition: nobody else is to serve it either.
        const revoked = new Promise<void>((resolve) =>
          stop.signal.addEventListener('abort', () => resolve(), { once: true }),
        );
        const done = serve(this.#input(group, topic, partition, stop.signal))
          .catch(finish)
          .then(() => revoked)
          .finally(() => {
            serving.delete(partition);
            group.held.delete(place);
            for (const other of group.members) other.rebalance();
          });
        serving.set(partition, { stop, done });
      }
    };
    let serve: (input: PartitionInput) => Promise<void> = async () => undefined;

    const leave = async () => {
      leaving = true;
      const at = group.members.indexOf(member);
      if (at >= 0) group.members.splice(at, 1);
      balance();
      await Promise.all([...serving.values()].map(({ done }) => done));
      for (const other of group.members) other.rebalance();
    };

    return {
      run: (lane) =>
        new Promise((resolve, reject) => {
          serve = lane;
          finish = (error) => {
            if (error === undefined) resolve();
            else void leave().then(() => reject(error));
          };
          group.members.push(member);
          for (const other of [...group.members]) other.rebalance();
        }),
      stop: async () => {
        await leave();
        finish();
      },
    };
  }

  #share(group: Group, member: Member): Set<number> {
    const readers = group.members.filter((other) => other.topic === member.topic);
    const at = readers.indexOf(member);
    const count = this.#topics.get(member.topic)?.length ?? 0;
    return new Set(Array.from({ length: count }, (_, partition) => partition).filter((p) => p % readers.length === at));
  }

  #input(group: Group, topic: string, partition: number, revoked: AbortSignal): PartitionInput {
    const log = this.#partition(topic, partition);
    const place = `${topic}/${partition}`;
    let at = group.committed.get(place) ?? 0;
    return {
      partition,
      revoked,
      seek: (offset) => {
        at = offset;
      },
      async poll({ maxRecords, maxBytes, waitMs }) {
        revoked.throwIfAborted();
        if (at < log.first) throw new TrimmedError(`${place} begins at ${log.first}, and ${at} was to be read.`);
        if (at >= log.records.length && waitMs > 0) await log.change(waitMs, revoked);
        revoked.throwIfAborted();
        const ready: LogRecord[] = [];
        let bytes = 0;
        for (let record = log.records[at]; record && ready.length < maxRecords; record = log.records[at]) {
          if (ready.length > 0 && bytes + record.value.length > maxBytes) break;
          ready.push(record);
          bytes += record.value.length;
          at += 1;
        }
        return ready;
      },
      endOffset: async () => log.records.length,
      showProgress: (next) => group.committed.set(place, next),
    };
  }

  #group(name: string): Group {
    const group = this.#groups.get(name) ?? { members: [], held: new Map(), committed: new Map() };
    this.#groups.set(name, group);
    return group;
  }

  #partition(topic: string, partition: number): MemoryPartition {
    const found = this.#topics.get(topic)?.[partition];
    if (!found)
      throw new FatalError('unknown_topic', `There is no ${topic}/${partition}; create it with \`ddc topics apply\`.`);
    return found;
  }
}
