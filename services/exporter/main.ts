import { setImmediate } from 'node:timers/promises';
import { createKafkaConsumer, createKafkaLookup } from '../../connectors/kafka/index.ts';
import { readLogId } from '../../connectors/kafka/log-id.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { createErasures } from '../../connectors/postgres/erasures.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { createSink } from '../../connectors/sinks/index.ts';
import { readKekFile } from '../../connectors/vault/kek-file.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { META_SCOPE, ready, toHex } from '../../protocol/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { log as logTopic } from '../../topics/log.ts';
import type { ExportPlan } from '../pipeline/config.ts';
import { FatalError } from '../pipeline/errors.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import type { DeliveryCount } from './deliver.ts';
import { ErasedOwners } from './erased-owners.ts';
import { followErasures } from './follow-erasures.ts';
import { exporterPlan, limitsFor, startExporter } from './worker.ts';

/** Until there are grants, an export may read what the operator configured for it: its app, its scopes, and meta. */
const mayRead = (plan: ExportPlan) => (name: string, scope: string, owner: { app: Uint8Array }) =>
  name === plan.name &&
  (plan.app === '*' || plan.app === toHex(owner.app)) &&
  (scope === META_SCOPE || plan.scopes.includes(scope));

async function start({ config, log, metrics, signals, faults, clock, random, onFatal }: Boot): Promise<Running> {
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const plan = config.export;
    if (!plan) throw new FatalError('no_export', 'DDC_EXPORT is not set: say what to export and where.');
    await ready();
    const named = (name: string) => `${config.topicPrefix}${name}`;
    const kafka = { brokers: config.kafkaBrokers, clientId: `ddc-export-${plan.name}`, log };
    const counted = metrics.counter('ddc_export_total', 'Rows delivered; batches refused, by reason.', ['kind']);
    const onRetry = (operation: string, attempt: number, error: unknown) =>
      signals.emit('retry', { partition: -1, kind: operation, attempt, error });

    const db = openDatabase(config.databaseUrl, {
      onIdleError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
    });
    undo.push(() => db.close());
    await migrate(db);
    const keks = await readKekFile(config.kekFile);
    const vault = openVault({ db, keks, random, clock: performance, mayRead: mayRead(plan) });
    undo.push(() => vault.close());
    const lookup = createKafkaLookup(kafka);
    undo.push(() => lookup.close());
    const codecs = createRegistryCodecs({ url: config.schemaRegistryUrl });
    const ids = await codecs.for({ name: named(logTopic.name), schema: logTopic.schema });
    const logId = await readLogId(lookup, ids, named(logTopic.name));
    const codec = await codecs.for({ name: named(batchesPinned.name), schema: batchesPinned.schema });

    const sink = createSink(plan.sink, plan.config, { scopes: plan.scopes, log: toHex(logId) });
    undo.push(() => sink.close());
    await sink.check();
    const erased = new ErasedOwners();
    const following = await followErasures({
      erasures: createErasures(db),
      erased,
      sink,
      clock,
      random,
      onRetry,
      onApplied: (owners) => log.info({ owners }, 'erasures applied to the sink'),
    });
    undo.push(() => following.stop());
    following.failed.catch(onFatal);

    const delivery = {
      plan,
      sink,
      vault,
      erased,
      breathe: () => setImmediate(),
      count(kind: DeliveryCount, n: number) {
        counted.inc({ kind }, n);
        if (kind !== 'rows') log.warn({ kind, batches: n }, 'batches were not exported');
      },
    };
    const group = named(`export-${plan.name}`);
    const consumer = createKafkaConsumer({ ...kafka, group, topic: named(batchesPinned.name), lookup });
    const reader = exporterPlan(named(batchesReceived.name), codec, delivery);
    const positions = createPositions(db, logId);
    const edges = { positions, lookup, clock, random, signals, faults, rules: config.rules, onFatal };
    const worker = startExporter(consumer, reader, limitsFor(config.network), edges);
    undo.push(() => worker.close());
    return { close, ready: () => worker.ready() };
  } catch (error) {
    await close();
    throw error;
  }
}

await runRoom('exporter', start);
