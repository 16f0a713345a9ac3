import { readFileSync } from 'node:fs';
import { createSubstrateChain } from '../../connectors/chain/substrate-chain.ts';
import { createKafkaConsumer, createKafkaLookup, createKafkaWriter } from '../../connectors/kafka/index.ts';
import { readLogId } from '../../connectors/kafka/log-id.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { migrate, openDatabase } from '../../connectors/postgres/database.ts';
import { whileLeading } from '../../connectors/postgres/leader.ts';
import { createPositions } from '../../connectors/postgres/positions.ts';
import { createSettlementStore } from '../../connectors/postgres/settlement-store.ts';
import { createRegistryCodecs } from '../../connectors/registry/index.ts';
import { ready } from '../../protocol/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import type { Topic } from '../../topics/define-topic.ts';
import { log as logTopic } from '../../topics/log.ts';
import { settlementsFinalized } from '../../topics/settlements-finalized.ts';
import { runReader } from '../pipeline/reader.ts';
import { withRetry } from '../pipeline/retry.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startWorker } from '../pipeline/worker.ts';
import { drive, LEADER_KEY } from './drive.ts';
import { createSettlerSignals } from './events.ts';
import { publisher } from './publish.ts';
import { createRounds, ROUNDS } from './rounds.ts';
import { LIMITS, readerPlan } from './worker.ts';

await runRoom('settler', start);

async function start(boot: Boot): Promise<Running> {
  const { config, log, metrics, signals, faults, clock, random, onFatal } = boot;
  await ready();
  const full = <T>(topic: Topic<T>): Topic<T> => ({ ...topic, name: `${config.topicPrefix}${topic.name}` });
  const kafka = { brokers: config.kafkaBrokers, clientId: 'ddc-settler', log: log.child('kafka') };
  const stop = new AbortController();
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async () => {
    for (const close of closers.reverse().splice(0)) await close();
  };
  const retried = <T>(operation: string, attempt: () => Promise<T>) =>
    withRetry(
      {
        clock,
        random,
        signal: stop.signal,
        onRetry: (kind, n, error) => signals.emit('retry', { partition: -1, kind, attempt: n, error }),
      },
      operation,
      attempt,
    );

  try {
    const db = openDatabase(config.databaseUrl);
    closers.push(() => db.close());
    const lookup = createKafkaLookup(kafka);
    closers.push(() => lookup.close());
    const writer = createKafkaWriter({ ...kafka, producers: 1 });
    closers.push(() => writer.close());
    const codecs = createRegistryCodecs({ url: config.schemaRegistryUrl });
    const chain = await createSubstrateChain({
      endpoint: config.chainRpc,
      operator: readFileSync(config.operatorSeedFile, 'utf8').trim(),
      era: config.network === 'cere-sandbox' ? 8 : 64,
    });
    closers.push(() => chain.close());

    await retried('migrate', () => migrate(db));
    const pinned = await retried('codec', () => codecs.for(full(batchesPinned)));
    const settlements = await retried('codec', () => codecs.for(full(settlementsFinalized)));
    const logIds = await retried('codec', () => codecs.for(full(logTopic)));
    const id = await retried('log id', () => readLogId(lookup, logIds, full(logTopic).name));

    const store = createSettlementStore(db, id);
    const apps = createApps(db);
    const positions = createPositions(db, id);
    const own = createSettlerSignals(log, metrics);

    const received = full(batchesReceived).name;
    const group = `${config.topicPrefix}settler`;
    const consumer = createKafkaConsumer({ ...kafka, group, topic: full(batchesPinned).name, lookup });
    const plan = readerPlan({ store, apps, positions, codec: pinned, received, tiers: config.tiers, now: clock.now });
    const edges = { positions, lookup, clock, random, signals, rules: config.rules, faults };
    const worker = startWorker(consumer, (input) => runReader(plan, LIMITS, edges, input), { signals, onFatal });
    closers.push(() => worker.close());

    const publish = publisher({
      writer,
      codec: settlements,
      topic: full(settlementsFinalized).name,
      network: config.network,
    });
    const roundsEdges = { store, chain, apps, network: config.network, publish, now: clock.now, faults, signals: own };
    const driving = drive(
      {
        clock,
        random,
        signals: own,
        lead: (work) => whileLeading(db, LEADER_KEY, work),
        rounds: () => createRounds(roundsEdges, { ...ROUNDS, everyMs: config.roundSeconds * 1000 }),
      },
      stop.signal,
    ).catch(onFatal);
    closers.push(async () => {
      stop.abort();
      await driving;
    });
    return { close: closeAll, ready: () => worker.ready() };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
