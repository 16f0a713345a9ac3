import { availableParallelism } from 'node:os';
import { createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import { readLogId } from '../../connectors/kafka/log-id.ts';
import { partitionCount } from '../../connectors/kafka/partition-count.ts';
import { createAdmission } from '../../connectors/postgres/admission.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createSettlementStatus } from '../../connectors/postgres/settlement-status.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { readKekFile } from '../../connectors/vault/kek-file.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready } from '../../protocol/index.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { log as logTopic } from '../../topics/log.ts';
import { partitionOf } from '../../topics/partition.ts';
import { lyingWriter } from '../pipeline/faults.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startApi } from './api.ts';
import { startVerifyThreads } from './verify-threads.ts';

/** `DDC_VERIFY_THREADS`; by default one for each core beyond two, since a worker that shares a core only adds copying. */
function verifyThreads(): number {
  const asked = process.env.DDC_VERIFY_THREADS;
  if (asked === undefined || asked === '') return Math.max(0, availableParallelism() - 2);
  if (!/^\d{1,3}$/.test(asked)) throw new Error(`DDC_VERIFY_THREADS is a number of threads from 0, not ${asked}`);
  return Number(asked);
}

async function start({ config, log, metrics, signals, faults, clock, random, onFatal }: Boot): Promise<Running> {
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await ready();
    const named = (name: string) => `${config.topicPrefix}${name}`;
    const kafka = { brokers: config.kafkaBrokers, clientId: 'ddc-api', log };
    const keks = await readKekFile(config.kekFile);

    const db = openDatabase(config.databaseUrl, {
      onIdleError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
    });
    undo.push(() => db.close());
    await migrate(db);
    const vault = openVault({ db, keks, random, clock: performance });
    undo.push(() => vault.close());
    const lookup = createKafkaLookup(kafka);
    undo.push(() => lookup.close());
    const honest = createKafkaWriter(kafka);
    undo.push(() => honest.close());
    const onLie = (_topic: string, partition: number) => signals.emit('lie', { partition });
    const writer = faults.lieEvery === null ? honest : lyingWriter(honest, faults.lieEvery, onLie);

    const codecs = createRegistryCodecs({ url: config.schemaRegistryUrl });
    const logName = named(logTopic.name);
    const logId = await readLogId(lookup, await codecs.for({ ...logTopic, name: logName }), logName);
    const topic = named(batchesReceived.name);
    const codec = await codecs.for({ ...batchesReceived, name: topic });
    const partitions = await partitionCount(kafka, topic);

    const threads = await startVerifyThreads(verifyThreads(), config.network, clock.now, onFatal);
    undo.push(() => threads.close());
    const api = await startApi(
      {
        network: config.network,
        topic,
        partitions,
        partitionOf,
        writer: {
          async send(name, partition, records) {
            const offset = await writer.send(name, partition, records);
            faults.reach('after-send');
            return offset;
          },
          close: () => writer.close(),
        },
        codec,
        vault,
        admission: createAdmission(db),
        apps: createApps(db),
        positions: createPositions(db, logId),
        // The API only reads the index: nothing can clash here.
        index: createIndexStore(db, logId, () => undefined),
        settlement: createSettlementStatus(db),
        clock,
        log,
        metrics,
        version: '1',
        verify: threads.verify,
        ...(config.unsafe.includes('transit') ? { seal: (_key: Uint8Array, body: Uint8Array) => body } : {}),
      },
      { host: config.httpHost, port: config.httpPort },
    );
    undo.push(() => api.close());
    log.info({ port: api.port, partitions, verifyThreads: threads.count }, 'listening');
    return { close, ready: () => !api.stopping };
  } catch (error) {
    await close();
    throw error;
  }
}

await runRoom('api', start);
