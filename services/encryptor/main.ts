import { createKafkaConsumer, createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import { readLogId } from '../../connectors/kafka/log-id.ts';
import { createAdmission } from '../../connectors/postgres/admission.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { readKekFile } from '../../connectors/vault/kek-file.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready } from '../../protocol/index.ts';
import { log as logTopic } from '../../topics/log.ts';
import { lyingWriter } from '../pipeline/faults.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { encryptorPlan, startEncryptor } from './worker.ts';

async function start({ config, log, signals, faults, clock, random, onFatal }: Boot): Promise<Running> {
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await ready();
    const prefix = config.topicPrefix;
    const kafka = { brokers: config.kafkaBrokers, clientId: 'ddc-encryptor', log };
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
    const logName = `${prefix}${logTopic.name}`;
    const logId = await readLogId(lookup, await codecs.for({ ...logTopic, name: logName }), logName);
    const positions = createPositions(db, logId);

    const plan = await encryptorPlan(prefix, codecs, {
      vault,
      admission: createAdmission(db),
      random: (length) => random.bytes(length),
      rules: config.rules,
      transit: config.unsafe.includes('transit') ? 'plain' : 'sealed',
    });
    const consumer = createKafkaConsumer({ ...kafka, group: `${prefix}encryptor`, topic: plan.topics.input, lookup });
    const edges = { positions, lookup, clock, random, signals, faults, rules: config.rules, writer, onFatal };
    const worker = startEncryptor(consumer, plan, edges);
    undo.push(() => worker.close());
    return { close, ready: () => worker.ready() };
  } catch (error) {
    await close();
    throw error;
  }
}

await runRoom('encryptor', start);
