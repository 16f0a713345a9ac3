import { availableParallelism } from 'node:os';
import { createAdmission } from '../../connectors/postgres/admission.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { createConsents } from '../../connectors/postgres/consents.ts';
import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { createSettlementStatus } from '../../connectors/postgres/settlement-status.ts';
import { openRoomEdges } from '../../connectors/room-edges.ts';
import { createFreshRoot } from '../../connectors/vault/fresh-root.ts';
import { readKekFile } from '../../connectors/vault/kek-file.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready } from '../../protocol/index.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { partitionOf } from '../../topics/partition.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startApi } from './api.ts';
import { startConsentKeeper } from './consent-keeper.ts';
import { startVerifyThreads } from './verify-threads.ts';

/** One for each core beyond two, since a thread that shares a core only adds copying. */
const defaultThreads = (): number => Math.max(0, availableParallelism() - 2);

async function start(boot: Boot): Promise<Running> {
  const { config, log, metrics, signals, faults, clock, random, keep, onFatal } = boot;
  await ready();
  const keks = await readKekFile(config.kekFile);
  const { db, codecs, logId, lookup, lanes, named, writer: openWriter } = await openRoomEdges(boot);
  const vault = keep(openVault({ db, keks, random, clock: performance, calendar: clock }));
  const consents = createConsents(db);
  const writer = openWriter();
  const received = named(batchesReceived);
  const codec = await codecs.for(received);
  const partitions = await lookup.partitions(received.name);

  keep(
    startConsentKeeper({
      consents,
      clock,
      random,
      onRetry: (operation, attempt, error) => signals.emit('retry', { partition: -1, kind: operation, attempt, error }),
      onFatal,
    }),
  );
  const threads = keep(
    await startVerifyThreads(config.verifyThreads ?? defaultThreads(), config.network, clock.now, onFatal),
  );
  const api = keep(
    await startApi(
      {
        network: config.network,
        topic: received.name,
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
        requests: createRequests(db, createFreshRoot(keks, random)),
        consents,
        apps: createApps(db),
        positions: lanes.positions,
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
    ),
  );
  log.info({ port: api.port, partitions, verifyThreads: threads.count }, 'listening');
  return { ready: () => !api.stopping };
}

await runRoom('api', start);
