import { lyingWriter } from '../services/pipeline/faults.ts';
import type { AppSchemas } from '../services/pipeline/ports/app-schemas.ts';
import type { Codecs } from '../services/pipeline/ports/codec.ts';
import type { ConsumerGroups, LogConsumer, LogWriter } from '../services/pipeline/ports/log.ts';
import type { Positions } from '../services/pipeline/ports/positions.ts';
import type { ReaderEdges } from '../services/pipeline/reader.ts';
import type { Boot } from '../services/pipeline/room.ts';
import { type Topic, withPrefix } from '../topics/define-topic.ts';
import { log as logTopic } from '../topics/log.ts';
import {
  type ConsumerOptions,
  createConsumerGroups,
  createKafkaConsumer,
  createKafkaLookup,
  createKafkaWriter,
  type KafkaLookup,
  readLogId,
  type WriterOptions,
} from './kafka/index.ts';
import { type Database, migrate, openDatabase } from './postgres/database.ts';
import { createPositions } from './postgres/positions.ts';
import { createAppSchemas, createRegistryCodecs } from './registry/index.ts';

/** What every room opens in the same way, closed with the room. */
export interface RoomEdges {
  /** Brought to the shape that this code knows. */
  readonly db: Database;
  readonly lookup: KafkaLookup;
  readonly codecs: Codecs;
  /** What apps have said of their events. */
  readonly schemas: AppSchemas;
  /** 16 bytes: the log that offsets and rows of this deployment belong to. */
  readonly logId: Uint8Array;
  /** Of a worker's lanes. A stage needs a `writer` beside them. */
  readonly lanes: ReaderEdges & Pick<Boot, 'onFatal'> & { readonly positions: Positions };
  /** The topic under this deployment's name for it. */
  named<T>(topic: Topic<T>): Topic<T>;
  /** Asked by their full names. */
  readonly groups: ConsumerGroups;
  /** @param group consumer group, without this deployment's prefix */
  consumer(group: string, topic: Topic<unknown>, options?: Pick<ConsumerOptions, 'prefetchBytes'>): LogConsumer;
  /** A new writer, which lies when the room's faults say so. */
  writer(options?: Pick<WriterOptions, 'producers'>): LogWriter;
}

/**
 * Opens database, log and registry for a room.
 * @param clientId shown in the brokers' logs and metrics
 * @param connections of the database, at most
 * @throws RetriableError while one of them is down, FatalError `no_log` where `ddc topics apply` has not run
 */
export async function openRoomEdges(
  boot: Boot,
  clientId = `ddc-${boot.name}`,
  connections?: number,
): Promise<RoomEdges> {
  const { config, log, signals, faults, clock, random, keep, onFatal } = boot;
  const kafka = { brokers: config.kafkaBrokers, clientId, log };
  const named = <T>(topic: Topic<T>) => withPrefix(config.topicPrefix, topic);

  const db = keep(
    openDatabase(config.databaseUrl, {
      ...(connections === undefined ? {} : { connections }),
      onIdleError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
    }),
  );
  await migrate(db);
  const lookup = keep(createKafkaLookup(kafka));
  const codecs = createRegistryCodecs({ url: config.schemaRegistryUrl });
  const ids = named(logTopic);
  const logId = await readLogId(lookup, await codecs.for(ids), ids.name);
  const positions = createPositions(db, logId);

  return {
    db,
    lookup,
    codecs,
    schemas: createAppSchemas({ url: config.schemaRegistryUrl, prefix: config.topicPrefix }),
    logId,
    lanes: { positions, lookup, clock, random, signals, faults, rules: config.rules, onFatal },
    named,
    groups: createConsumerGroups(kafka),
    consumer: (group, topic, options) =>
      createKafkaConsumer({
        ...{ ...kafka, ...options },
        ...{ group: `${config.topicPrefix}${group}`, topic: named(topic).name, lookup },
      }),
    writer(options) {
      const writer = keep(createKafkaWriter({ ...kafka, ...options }));
      if (faults.lieEvery === null) return writer;
      return lyingWriter(writer, faults.lieEvery, (_topic, partition) => signals.emit('lie', { partition }));
    },
  };
}
