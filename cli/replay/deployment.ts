import { groupMembers } from '../../connectors/kafka/group-members.ts';
import { createKafkaConsumer, createKafkaLookup, type KafkaLookup, readLogId } from '../../connectors/kafka/index.ts';
import { type Database, migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createReplays } from '../../connectors/postgres/replays.ts';
import { createAppSchemas, createRegistryCodecs } from '../../connectors/registry/index.ts';
import { fromHex, ready } from '../../protocol/index.ts';
import type { PlanEdges } from '../../services/exporter/replay/plan.ts';
import type { AppSchemas } from '../../services/pipeline/ports/app-schemas.ts';
import type { Codecs } from '../../services/pipeline/ports/codec.ts';
import type { Exports } from '../../services/pipeline/ports/exports.ts';
import type { IndexStore } from '../../services/pipeline/ports/index-store.ts';
import type { LogConsumer } from '../../services/pipeline/ports/log.ts';
import type { ReplaySpec, Replays } from '../../services/pipeline/ports/replays.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { type Topic, withPrefix } from '../../topics/define-topic.ts';
import { log as logTopic } from '../../topics/log.ts';
import { partitionOf } from '../../topics/partition.ts';

const tell = (what: string): void => void process.stderr.write(`ddc: ${what}\n`);
/** For what Kafka's client has to say. */
const log = {
  warn: (_fields: object, message: string) => tell(message),
  error: (_fields: object, message: string) => tell(message),
};

/** What a replay fetches ahead of each partition: it is in no hurry. */
const PREFETCH_BYTES = 2 * 1024 * 1024;

/** The deployment that the environment names, as far as every command about replays needs it. */
export interface ReplayDeployment extends PlanEdges {
  readonly db: Database;
  readonly replays: Replays;
  readonly exports: Exports;
  readonly index: IndexStore;
  readonly lookup: KafkaLookup;
  readonly codecs: Codecs;
  readonly schemas: AppSchemas;
  readonly logId: Uint8Array;
  named<T>(topic: Topic<T>): Topic<T>;
  /** The job's own group on `pinned`. */
  consumer(id: string): LogConsumer;
  /** Members that an export's group has now. */
  exporters(name: string): Promise<number>;
  /** Last origin that is pinned now, of each partition that the replay has to read. */
  untils(spec: Pick<ReplaySpec, 'wallet'>): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}

/** @throws Error saying which variables to set */
export async function openDeployment(): Promise<ReplayDeployment> {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL, DDC_TOPIC_PREFIX = '' } = process.env;
  if (!KAFKA_BROKERS || !SCHEMA_REGISTRY_URL || !DATABASE_URL)
    throw new Error('Set KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL to those of the deployment.');
  await ready();
  const kafka = { brokers: KAFKA_BROKERS.split(','), clientId: 'ddc-replay', log };
  const named = <T>(topic: Topic<T>) => withPrefix(DDC_TOPIC_PREFIX, topic);
  const db = openDatabase(DATABASE_URL, { connections: 4 });
  const lookup = createKafkaLookup(kafka);
  const close = async () => {
    await Promise.all([lookup.close(), db.close()]);
  };
  try {
    await migrate(db);
    const codecs = createRegistryCodecs({ url: SCHEMA_REGISTRY_URL });
    const ids = named(logTopic);
    const logId = await readLogId(lookup, await codecs.for(ids), ids.name);
    const positions = createPositions(db, logId);
    const pinned = named(batchesPinned).name;
    return {
      db,
      replays: createReplays(db),
      exports: createExports(db),
      // Nothing is applied from here, so nothing clashes.
      index: createIndexStore(db, logId, () => undefined),
      lookup,
      codecs,
      schemas: createAppSchemas({ url: SCHEMA_REGISTRY_URL, prefix: DDC_TOPIC_PREFIX }),
      logId,
      named,
      indexed: (partition) => positions.load('indexer', partition),
      firstKept: (partition) => lookup.firstOffset(pinned, partition),
      consumer: (id) =>
        createKafkaConsumer({
          ...kafka,
          group: `${DDC_TOPIC_PREFIX}replay-${id}`,
          topic: pinned,
          lookup,
          prefetchBytes: PREFETCH_BYTES,
        }),
      exporters: (name) => groupMembers(kafka, `${DDC_TOPIC_PREFIX}export-${name}`),
      async untils({ wallet }) {
        const count = await lookup.partitions(pinned);
        const all = Array.from({ length: count }, (_, partition) => partition);
        const wanted = wallet === null ? all : [partitionOf(fromHex(wallet, 32), count)];
        const marks = await Promise.all(
          wanted.map(async (partition) => [partition, (await positions.load('pinner', partition)).mark] as const),
        );
        return new Map(marks);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a command on the deployment that the environment names. */
export async function withDeployment<T>(use: (deployment: ReplayDeployment) => Promise<T>): Promise<T> {
  const deployment = await openDeployment();
  try {
    return await use(deployment);
  } finally {
    await deployment.close();
  }
}
