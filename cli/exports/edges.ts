import { createConsumerGroups, createKafkaLookup, readLogId } from '../../connectors/kafka/index.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { createConsents } from '../../connectors/postgres/consents.ts';
import { type Database, migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createExportReports } from '../../connectors/postgres/removal-store.ts';
import { createReplays } from '../../connectors/postgres/replays.ts';
import { createAppSchemas, createRegistryCodecs } from '../../connectors/registry/index.ts';
import { judgeSinks } from '../../connectors/sinks/judge.ts';
import { membersOfSinks } from '../../connectors/sinks/members.ts';
import type { DeclareEdges } from '../../services/pipeline/exports/declare.ts';
import { startsOf } from '../../services/pipeline/exports/start.ts';
import type { ViewEdges } from '../../services/pipeline/exports/view.ts';
import type { AppSchemas } from '../../services/pipeline/ports/app-schemas.ts';
import type { Codecs } from '../../services/pipeline/ports/codec.ts';
import type { Consents } from '../../services/pipeline/ports/consents.ts';
import type { Exports } from '../../services/pipeline/ports/exports.ts';
import type { IndexStore } from '../../services/pipeline/ports/index-store.ts';
import type { ConsumerGroups, LogHistory, LogPlaces } from '../../services/pipeline/ports/log.ts';
import type { Positions } from '../../services/pipeline/ports/positions.ts';
import type { Replays } from '../../services/pipeline/ports/replays.ts';
import type { EndReplaysEdges } from '../../services/pipeline/replays/into.ts';
import { environment } from '../../services/pipeline/variables.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { type Topic, withPrefix } from '../../topics/define-topic.ts';
import { log as logTopic } from '../../topics/log.ts';
import { needed } from '../needed.ts';

/** A deployment as the commands about exports see it. */
export interface ExportsEdges {
  readonly db: Database;
  readonly exports: Exports;
  readonly replays: Replays;
  /** Ends replays into an export that is removed. */
  readonly filling: EndReplaysEdges;
  readonly declare: DeclareEdges;
  readonly view: ViewEdges;
  readonly consents: Pick<Consents, 'owners' | 'of' | 'certificates'>;
  readonly groups: ConsumerGroups;
  readonly log: LogHistory & LogPlaces;
  readonly index: IndexStore;
  readonly positions: Positions;
  readonly codecs: Codecs;
  readonly schemas: AppSchemas;
  readonly partitions: number;
  /** Id of the log in whose offsets positions are counted. */
  readonly logId: Uint8Array;
  /** A topic under this deployment's name for it. */
  named<T>(topic: Topic<T>): Topic<T>;
  /** Consumer group of an export. */
  groupOf(exportName: string): string;
}

/** Runs an operator's command with the deployment that the environment names. */
export async function withExports<T>(use: (edges: ExportsEdges) => Promise<T>): Promise<T> {
  const { DDC_TOPIC_PREFIX = '' } = process.env;
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL } = needed(
    'KAFKA_BROKERS',
    'SCHEMA_REGISTRY_URL',
    'DATABASE_URL',
  );
  const tell = (_fields: object, message: string): void => void process.stderr.write(`kafka: ${message}\n`);
  const kafka = { brokers: KAFKA_BROKERS.split(','), clientId: 'ddc-operator', log: { warn: tell, error: tell } };
  const named = <V>(topic: Topic<V>) => withPrefix(DDC_TOPIC_PREFIX, topic);
  const lookup = createKafkaLookup(kafka);
  const db = openDatabase(DATABASE_URL, { connections: 4 });
  try {
    await migrate(db);
    const codecs = createRegistryCodecs({ url: SCHEMA_REGISTRY_URL });
    const ids = named(logTopic);
    const logId = await readLogId(lookup, await codecs.for(ids), ids.name);
    const received = named(batchesReceived).name;
    const pinned = named(batchesPinned).name;
    const partitions = await lookup.partitions(received);
    const positions = createPositions(db, logId);
    const index = createIndexStore(db, logId, () => undefined);
    const exports = createExports(db);
    const now = () => Date.now();
    const replays = createReplays(db);
    const groups = createConsumerGroups(kafka);
    return await use({
      ...{ db, exports, replays, groups, partitions, logId, named, codecs, log: lookup, index, positions },
      schemas: createAppSchemas({ url: SCHEMA_REGISTRY_URL, prefix: DDC_TOPIC_PREFIX }),
      consents: createConsents(db),
      filling: {
        ...{ replays, clock: { now } },
        removeGroup: (id) => groups.remove(`${DDC_TOPIC_PREFIX}replay-${id}`),
        unregister: (name) => createExportReports(db).forget(name),
      },
      groupOf: (name) => `${DDC_TOPIC_PREFIX}export-${name}`,
      view: { exports, log: lookup, received, partitions, now },
      declare: {
        ...{ exports, now, apps: createApps(db) },
        judgeSink: judgeSinks(environment.shape.DDC_SINKS.parse(process.env.DDC_SINKS)),
        membersOf: membersOfSinks(environment.shape.DDC_SINKS.parse(process.env.DDC_SINKS)),
        startsOf: (from) => startsOf({ log: lookup, pinned, partitions, index, positions }, from),
      },
    });
  } finally {
    await Promise.all([lookup.close(), db.close()]);
  }
}
