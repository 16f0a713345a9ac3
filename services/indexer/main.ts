import { createKafkaConsumer, createKafkaLookup } from '../../connectors/kafka/index.ts';
import { readLogId } from '../../connectors/kafka/log-id.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { toHex } from '../../protocol/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { log as logTopic } from '../../topics/log.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startSweeper } from './sweeper.ts';
import { indexerPlan, startIndexer } from './worker.ts';

async function start({ config, log, metrics, signals, faults, clock, random, onFatal }: Boot): Promise<Running> {
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const named = (name: string) => `${config.topicPrefix}${name}`;
    const kafka = { brokers: config.kafkaBrokers, clientId: 'ddc-indexer', log };
    const clashes = metrics.counter('ddc_index_clashes_total', 'Batch ids that came with a second origin.');
    const swept = metrics.counter('ddc_index_swept_total', 'Rows that an erasure turned into voids.');

    const db = openDatabase(config.databaseUrl, {
      onIdleError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
    });
    undo.push(() => db.close());
    await migrate(db);
    const lookup = createKafkaLookup(kafka);
    undo.push(() => lookup.close());
    const codecs = createRegistryCodecs({ url: config.schemaRegistryUrl });
    const ids = await codecs.for({ name: named(logTopic.name), schema: logTopic.schema });
    const logId = await readLogId(lookup, ids, named(logTopic.name));
    const codec = await codecs.for({ name: named(batchesPinned.name), schema: batchesPinned.schema });

    const positions = createPositions(db, logId);
    const store = createIndexStore(db, logId, ({ partition, origin, batchId }) => {
      clashes.inc();
      log.error(
        { partition, origin, batchId: toHex(batchId) },
        'a batch id came with a second origin; the first stays',
      );
    });
    const sweeper = startSweeper({
      store,
      clock,
      random,
      onRetry: (operation, attempt, error) => signals.emit('retry', { partition: -1, kind: operation, attempt, error }),
      onSwept: (rows) => swept.inc(rows),
      onFatal,
    });
    undo.push(() => sweeper.close());
    const consumer = createKafkaConsumer({
      ...kafka,
      group: named('indexer'),
      topic: named(batchesPinned.name),
      lookup,
    });
    const plan = indexerPlan(named(batchesReceived.name), codec, store, (p) => positions.load('indexer', p));
    const edges = { positions, lookup, clock, random, signals, faults, rules: config.rules, onFatal };
    const worker = startIndexer(consumer, plan, edges);
    undo.push(() => worker.close());
    return { close, ready: () => worker.ready() };
  } catch (error) {
    await close();
    throw error;
  }
}

await runRoom('indexer', start);
