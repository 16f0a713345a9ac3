import { setImmediate } from 'node:timers/promises';
import { openKms } from '../../connectors/kms/index.ts';
import { createErasures } from '../../connectors/postgres/erasures.ts';
import { createExportReports } from '../../connectors/postgres/removal-store.ts';
import { createRemovedEvents } from '../../connectors/postgres/removed-events.ts';
import { openRoomEdges } from '../../connectors/room-edges.ts';
import { createSink } from '../../connectors/sinks/index.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { fromHex, ready, toHex } from '../../protocol/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { FatalError } from '../pipeline/errors.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startReader } from '../pipeline/worker.ts';
import type { DeliveryCount } from './deliver.ts';
import { ErasedOwners } from './erased-owners.ts';
import { untypedRows } from './events-table.ts';
import { followErasures } from './follow-erasures.ts';
import { followRemovals } from './follow-removals.ts';
import { exporterPlan, limitsFor } from './worker.ts';

async function start(boot: Boot): Promise<Running> {
  const { config, log, metrics, signals, clock, random, keep, onFatal } = boot;
  const plan = config.export;
  if (!plan) throw new FatalError('no_export', 'DDC_EXPORT is not set: say what to export and where.');
  await ready();
  const counted = metrics.counter('ddc_export_total', 'Rows delivered; batches refused, by reason.', ['kind']);
  const keks = openKms(config, performance, random);
  // A wrong or missing key is told at the start, not at the first batch.
  await keks.current();
  const { db, codecs, logId, lanes, named, consumer } = await openRoomEdges(boot, `ddc-export-${plan.name}`);
  const vault = keep(openVault({ db, keks, random, clock: performance, calendar: clock }));
  const codec = await codecs.for(named(batchesPinned));

  const rowOf = untypedRows(plan.scopes);
  const sink = keep(createSink(plan.sink, plan.config, { log: toHex(logId) }));
  await sink.check();
  const erased = new ErasedOwners();
  const reports = createExportReports(db);
  await reports.register(plan.name, fromHex(plan.app, 32));
  const loops = {
    clock,
    random,
    onRetry: (operation: string, attempt: number, error: unknown) =>
      signals.emit('retry', { partition: -1, kind: operation, attempt, error }),
    onFatal,
  };
  keep(
    await followErasures({
      ...loops,
      erasures: createErasures(db),
      report: (applied) => reports.report(plan.name, applied),
      erased,
      sink,
      onApplied: (owners) => log.info({ owners }, 'erasures applied to the sink'),
    }),
  );
  keep(
    followRemovals({
      ...loops,
      exportName: plan.name,
      app: fromHex(plan.app, 32),
      reports,
      sink,
      onApplied: (removals, rows) => log.info({ removals, rows }, 'removals applied to the sink'),
    }),
  );
  // A sandbox's control experiment only: what the filter is for shows when it is off.
  const removedEvents = config.unsafe.includes('removals')
    ? { of: async (events: readonly unknown[]) => events.map(() => null) }
    : createRemovedEvents(db);

  const delivery = {
    plan,
    sink,
    vault,
    erased,
    rowMakers: { current: async () => rowOf },
    removedEvents,
    breathe: () => setImmediate(),
    count(kind: DeliveryCount, n: number) {
      counted.inc({ kind }, n);
      if (kind === 'rejected') log.warn({ rows: n }, 'rows did not fit their schema: see `_rejected`');
      else if (kind !== 'rows') log.warn({ kind, batches: n }, 'batches were not exported');
    },
  };
  const reader = exporterPlan(named(batchesReceived).name, codec, delivery);
  return keep(startReader(consumer(`export-${plan.name}`, batchesPinned), reader, limitsFor(config), lanes));
}

await runRoom('exporter', start);
