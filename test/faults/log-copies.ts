import { randomBytes } from 'node:crypto';
import { createKafkaConsumer, createKafkaLookup } from '../../connectors/kafka/index.ts';
import { toHex } from '../../protocol/index.ts';
import type { LogRecord } from '../../services/pipeline/ports/log.ts';
import { batchesEncrypted } from '../../topics/batches-encrypted.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { kafkaOptions } from '../support/kafka.ts';
import type { Acknowledgement, Flow } from './flow.ts';
import type { World } from './world.ts';

/** What the batch topics hold, from their beginning. */
export interface LogCount {
  /** Records whose origin stood there before: below a reader's mark, so they have no effect. */
  readonly copies: { readonly encrypted: number; readonly pinned: number };
  /** Voids in `pinned`, copies aside. */
  readonly voids: number;
  /** Batches (hex) that are live at two origins of `pinned`: nothing but a duplicate that nobody noticed. */
  readonly twice: readonly string[];
  /** 202s whose place in `received` holds another batch, or nothing. */
  readonly false202: readonly Acknowledgement[];
}

export async function countCopies(world: World, flow: Flow): Promise<LogCount> {
  const received = await world.codec(batchesReceived);
  const pinned = await world.codec(batchesPinned);
  const places = new Map<string, string>();
  await readTopic(world, batchesReceived.name, (record, partition) =>
    places.set(`${partition}/${record.offset}`, toHex(received.decode(record.value).batchId)),
  );
  const encrypted = new Set<string>();
  let encryptedCopies = 0;
  await readTopic(world, batchesEncrypted.name, (record, partition) => {
    const place = `${partition}/${record.headers.origin}`;
    if (encrypted.has(place)) encryptedCopies += 1;
    encrypted.add(place);
  });
  const seen = new Map<string, string>();
  const live = new Map<string, Set<string>>();
  let pinnedCopies = 0;
  let voids = 0;
  await readTopic(world, batchesPinned.name, (record, partition) => {
    const place = `${partition}/${record.headers.origin}`;
    const { batchId, body } = pinned.decode(record.value);
    const id = toHex(batchId);
    if (body !== null) live.set(id, (live.get(id) ?? new Set()).add(place));
    if (seen.has(place)) pinnedCopies += 1;
    else if (body === null) voids += 1;
    seen.set(place, id);
  });
  return {
    copies: { encrypted: encryptedCopies, pinned: pinnedCopies },
    voids,
    twice: [...live].flatMap(([id, origins]) => (origins.size > 1 ? [id] : [])),
    false202: flow.acknowledgements.filter(
      ({ batchId, partition, offset }) => places.get(`${partition}/${offset}`) !== batchId,
    ),
  };
}

/** Reads every record of a batch topic, partition by partition in the order of offsets. */
async function readTopic(
  world: World,
  name: string,
  see: (record: LogRecord, partition: number) => void,
): Promise<void> {
  const { topicPrefix, partitions } = world.deployment;
  const topic = `${topicPrefix}${name}`;
  const lookup = createKafkaLookup(kafkaOptions());
  const group = `${topicPrefix}count-${randomBytes(4).toString('hex')}`;
  const consumer = createKafkaConsumer({ ...kafkaOptions(), group, topic, lookup });
  try {
    let left = partitions;
    await consumer.run(async (input) => {
      const end = await input.endOffset();
      input.seek(0);
      for (let next = 0; next < end; ) {
        for (const record of await input.poll({ maxRecords: 1_000, maxBytes: 4_000_000, waitMs: 500 })) {
          if (record.offset >= end) break;
          see(record, input.partition);
          next = record.offset + 1;
        }
      }
      left -= 1;
      if (left === 0) void consumer.stop();
    });
  } finally {
    await lookup.close();
  }
}
