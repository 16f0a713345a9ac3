import { readFileSync } from 'node:fs';
import { createSubstrateChain } from '../../connectors/chain/substrate-chain.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { whileLeading } from '../../connectors/postgres/leader.ts';
import { createSettlementStore } from '../../connectors/postgres/settlement-store.ts';
import { openRoomEdges } from '../../connectors/room-edges.ts';
import { ready } from '../../protocol/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { settlementsFinalized } from '../../topics/settlements-finalized.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startReader } from '../pipeline/worker.ts';
import { drive, LEADER_KEY } from './drive.ts';
import { createSettlerSignals } from './events.ts';
import { publisher } from './publish.ts';
import { createRounds, ROUNDS } from './rounds.ts';
import { LIMITS, readerPlan } from './worker.ts';

async function start(boot: Boot): Promise<Running> {
  const { config, log, metrics, faults, clock, random, keep, onFatal } = boot;
  const { network, tiers } = config;
  await ready();
  const { db, codecs, logId, lanes, named, consumer, writer } = await openRoomEdges(boot);
  const chain = keep(
    await createSubstrateChain({
      endpoint: config.chainRpc,
      operator: readFileSync(config.operatorSeedFile, 'utf8').trim(),
      era: config.sandbox ? 8 : 64,
    }),
  );
  const store = createSettlementStore(db, logId);
  const apps = createApps(db);

  const pinned = await codecs.for(named(batchesPinned));
  const received = named(batchesReceived).name;
  const { positions } = lanes;
  const plan = readerPlan({ store, apps, positions, codec: pinned, received, tiers, now: clock.now });

  const settlements = named(settlementsFinalized);
  const publish = publisher({
    writer: writer({ producers: 1 }),
    codec: await codecs.for(settlements),
    topic: settlements.name,
    network,
  });
  const signals = createSettlerSignals(log, metrics);
  const worker = keep(startReader(consumer('settler', batchesPinned), plan, LIMITS, lanes));
  const stop = new AbortController();
  const driving = drive(
    {
      clock,
      random,
      signals,
      lead: (work) => whileLeading(db, LEADER_KEY, work),
      rounds: () =>
        createRounds(
          { store, chain, apps, network, publish, now: clock.now, faults, signals },
          { ...ROUNDS, everyMs: config.roundSeconds * 1000 },
        ),
    },
    stop.signal,
  ).catch(onFatal);
  keep({
    async close() {
      stop.abort();
      await driving;
    },
  });
  return worker;
}

await runRoom('settler', start);
