import { createGroupConsumer, createKafkaLookup, type KafkaLog, readLogId } from '../../../connectors/kafka/index.ts';
import { createReadingCodecs } from '../../../connectors/registry/index.ts';
import { toHex } from '../../../protocol/index.ts';
import { RetriableError } from '../../../services/pipeline/errors.ts';
import { batchesPinned } from '../../../topics/batches-pinned.ts';
import { batchesReceived } from '../../../topics/batches-received.ts';
import { withPrefix } from '../../../topics/define-topic.ts';
import { log as logTopic } from '../../../topics/log.ts';
import type { PinnedLog } from '../consume/pinned-log.ts';
import { BadOptions } from '../errors.ts';
import { paused } from '../paused.ts';
import { pinnedMember } from './pinned-member.ts';

export interface KafkaLogOptions {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[];
  /** Base of the Confluent API of the schema registry, such as `http://127.0.0.1:8081/apis/ccompat/v7`: read only. */
  readonly schemaRegistry: string;
  /** What the deployment puts before the names of its topics (`DDC_TOPIC_PREFIX`). */
  readonly prefix?: string;
  /** Shown in the brokers' logs. */
  readonly clientId?: string;
  /** Milliseconds without a heartbeat until the group gives this member's partitions away: as long as a program may stand still. Default 20,000. */
  readonly sessionTimeoutMs?: number;
}

/** The schema of the first record is fetched when it is met, and kept by the codec that met it. */
const SCHEMA_TRIES = 100;
const SCHEMA_PAUSE_MS = 100;

async function waitingForSchema<T>(read: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await read();
    } catch (error) {
      const isComing = error instanceof RetriableError && error.code === 'schema_unknown';
      if (!isComing || n === SCHEMA_TRIES) throw error;
      await paused(SCHEMA_PAUSE_MS);
    }
  }
}

/**
 * The topic `pinned` in Kafka, for `Ddc.consume`. Needs to read `ddc.batches.pinned`, `ddc.log` and the group, to describe `ddc.batches.received`,
 * and schemas by id of the registry. For Node.
 * @throws BadOptions
 * @example
 * import { kafkaLog } from '@cere-ddc/sdk/kafka';
 *
 * const log = kafkaLog({ brokers: ['127.0.0.1:9092'], schemaRegistry: 'http://127.0.0.1:8081/apis/ccompat/v7' });
 */
export function kafkaLog(options: KafkaLogOptions): PinnedLog {
  const { brokers, schemaRegistry, prefix = '', clientId = 'ddc-consumer', sessionTimeoutMs = 20_000 } = options;
  if (!Array.isArray(brokers) || brokers.length === 0 || !brokers.every((one) => /^[^\s/]+:\d{1,5}$/.test(one)))
    throw new BadOptions('bad_brokers', 'brokers: a list of host:port');
  if (typeof schemaRegistry !== 'string' || !/^https?:\/\/\S+$/.test(schemaRegistry))
    throw new BadOptions('bad_registry', 'schemaRegistry: the URL of its Confluent API');
  return {
    async join(join) {
      const told = (fields: object, message: string) => join.onTrouble({ code: 'kafka', message, error: fields });
      const log: KafkaLog = { warn: told, error: told };
      const kafka = { brokers, clientId, log };
      const lookup = createKafkaLookup(kafka);
      try {
        const codecs = createReadingCodecs({ url: schemaRegistry });
        const [pinned, ids] = [withPrefix(prefix, batchesPinned), withPrefix(prefix, logTopic)];
        const idCodec = codecs.for(ids);
        const logId = await waitingForSchema(() => readLogId(lookup, idCodec, ids.name));
        const member = pinnedMember({
          ...join,
          consumer: createGroupConsumer({
            ...{ ...kafka, group: join.group, topic: pinned.name, lookup, sessionTimeoutMs },
            onRebalance: join.onRebalance,
          }),
          codec: codecs.for(pinned),
          lookup,
          topics: { received: withPrefix(prefix, batchesReceived).name, pinned: pinned.name },
          partitions: await lookup.partitions(pinned.name),
          logId: toHex(logId),
        });
        return {
          ...member,
          async close() {
            try {
              await member.close();
            } finally {
              await lookup.close();
            }
          },
        };
      } catch (error) {
        await lookup.close();
        throw error;
      }
    },
  };
}
