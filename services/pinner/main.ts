import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { createClusters } from '../../connectors/postgres/clusters.ts';
import { createPins } from '../../connectors/postgres/pins.ts';
import { openRoomEdges } from '../../connectors/room-edges.ts';
import { ready } from '../../protocol/index.ts';
import { batchesEncrypted } from '../../topics/batches-encrypted.ts';
import { DEFAULT_CLUSTER } from '../pipeline/ports/clusters.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startStage } from '../pipeline/worker.ts';
import { LIMITS, pinnerPlan } from './worker.ts';

async function start(boot: Boot): Promise<Running> {
  const { config, faults, keep } = boot;
  await ready();
  const { db, codecs, lanes, consumer, writer } = await openRoomEdges(boot);
  const ipfs = keep(openKubo({ name: DEFAULT_CLUSTER, url: config.ipfsApi }));
  const plan = await pinnerPlan(config.topicPrefix, codecs, {
    clusters: createClusters(db),
    ipfs: new Map([[ipfs.name, ipfs]]),
    pins: createPins(db),
    faults,
  });
  const edges = { ...lanes, writer: writer() };
  return keep(startStage(consumer('pinner', batchesEncrypted), plan, LIMITS, edges));
}

await runRoom('pinner', start);
