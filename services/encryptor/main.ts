import { openKms } from '../../connectors/kms/index.ts';
import { createAdmission } from '../../connectors/postgres/admission.ts';
import { openRoomEdges } from '../../connectors/room-edges.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready } from '../../protocol/index.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startStage } from '../pipeline/worker.ts';
import { encryptorPlan, LIMITS } from './worker.ts';

async function start(boot: Boot): Promise<Running> {
  const { config, clock, random, keep } = boot;
  await ready();
  const keks = openKms(config, performance, random);
  // A wrong or missing key is told at the start, not at the first batch.
  await keks.current();
  const { db, codecs, lanes, consumer, writer } = await openRoomEdges(boot);
  const plan = await encryptorPlan(config.topicPrefix, codecs, {
    vault: keep(openVault({ db, keks, random, clock: performance, calendar: clock })),
    admission: createAdmission(db),
    random: (length) => random.bytes(length),
    rules: config.rules,
    transit: config.unsafe.includes('transit') ? 'plain' : 'sealed',
  });
  const edges = { ...lanes, writer: writer() };
  return keep(startStage(consumer('encryptor', batchesReceived), plan, LIMITS, edges));
}

await runRoom('encryptor', start);
