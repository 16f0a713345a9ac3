import { createKafkaLookup, readLogId } from '../connectors/kafka/index.ts';
import type { Database } from '../connectors/postgres/database.ts';
import { migrate, openDatabase } from '../connectors/postgres/database.ts';
import { createRemovalHistory } from '../connectors/postgres/removal-history.ts';
import { createRegistryCodecs } from '../connectors/registry/index.ts';
import { toHex } from '../protocol/index.ts';
import { type ReapplyEdges, reapplyRemovals } from '../services/api/removals/reapply.ts';
import type { Reapplied } from '../services/pipeline/ports/removals.ts';
import { withPrefix } from '../topics/define-topic.ts';
import { log as logTopic } from '../topics/log.ts';
import { removalsRequested } from '../topics/removals-requested.ts';
import { needed } from './needed.ts';

export interface RemovalLogEdges {
  readonly db: Database;
  /** Of the log that the topics are, hex. */
  readonly log: string;
  /** Takes the whole log of removals into the database. */
  reapply(): Promise<Reapplied & { read: number }>;
}

/** Runs an operator's command with the database and the log of removals that the environment names. */
export async function withRemovalLog<T>(use: (edges: RemovalLogEdges) => Promise<T>): Promise<T> {
  const { DDC_TOPIC_PREFIX = '' } = process.env;
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL } = needed(
    'KAFKA_BROKERS',
    'SCHEMA_REGISTRY_URL',
    'DATABASE_URL',
  );
  const tell = (_fields: object, message: string): void => void process.stderr.write(`kafka: ${message}\n`);
  const lookup = createKafkaLookup({
    brokers: KAFKA_BROKERS.split(','),
    clientId: 'ddc-operator',
    log: { warn: tell, error: tell },
  });
  const db = openDatabase(DATABASE_URL, { connections: 2 });
  try {
    await migrate(db);
    const codecs = createRegistryCodecs({ url: SCHEMA_REGISTRY_URL });
    const ids = withPrefix(DDC_TOPIC_PREFIX, logTopic);
    const logId = await readLogId(lookup, await codecs.for(ids), ids.name);
    const requested = withPrefix(DDC_TOPIC_PREFIX, removalsRequested);
    const edges: ReapplyEdges = {
      log: lookup,
      topic: requested.name,
      codec: await codecs.for(requested),
      history: createRemovalHistory(db, logId),
      now: () => Date.now(),
    };
    // From 0, whatever the database says: it is the database that is not trusted here.
    return await use({ db, log: toHex(logId), reapply: () => reapplyRemovals(edges, 0) });
  } finally {
    await Promise.all([lookup.close(), db.close()]);
  }
}
