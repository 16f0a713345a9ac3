import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { createKafkaConsumer, createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import { readLogId } from '../../connectors/kafka/log-id.ts';
import { createClusters } from '../../connectors/postgres/clusters.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createPins } from '../../connectors/postgres/pins.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { ready } from '../../protocol/index.ts';
import { log as logTopic } from '../../topics/log.ts';
import { lyingWriter } from '../pipeline/faults.ts';
import { DEFAULT_CLUSTER } from '../pipeline/ports/clusters.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { pinnerPlan, startPinner } from './worker.ts';

async function start({ config, log, signals, faults, clock, random, onFatal }: Boot): Promise<Running> {
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await ready();
    const prefix = config.topicPrefix;
    const kafka = { brokers: config.kafkaBrokers, clientId: 'ddc-pinner', log };

    const db = openDatabase(config.databaseUrl, {
      onIdleError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
    });
    undo.push(() => db.close());
    await migrate(db);
    const ipfs = openKubo({ name: DEFAULT_CLUSTER, url: config.ipfsApi });
    undo.push(() => ipfs.close());
    const lookup = createKafkaLookup(kafka);
    undo.push(() => lookup.close());
    const honest = createKafkaWriter(kafka);
    undo.push(() => honest.close());
    const onLie = (_topic: string, partition: number) => signals.emit('lie', { partition });
    const writer = faults.lieEvery === null ? honest : lyingWriter(honest, faults.lieEvery, onLie);

    const codecs = createRegistryCodecs({ url: config.schemaRegistryUrl });
    const logName = `${prefix}${logTopic.name}`;
    const logId = await readLogId(lookup, await codecs.for({ ...logTopic, name: logName }), logName);
    const positions = createPositions(db, logId);

    const plan = await pinnerPlan(prefix, codecs, {
      clusters: createClusters(db),
      ipfs: new Map([[ipfs.name, ipfs]]),
      pins: createPins(db),
      faults,
    });
    const consumer = createKafkaConsumer({ ...kafka, group: `${prefix}pinner`, topic: plan.topics.input, lookup });
    const edges = { positions, lookup, clock, random, signals, faults, rules: config.rules, writer, onFatal };
    const worker = startPinner(consumer, plan, edges);
    undo.push(() => worker.close());
    return { close, ready: () => worker.ready() };
  } catch (error) {
    await close();
    throw error;
  }
}

await runRoom('pinner', start);
