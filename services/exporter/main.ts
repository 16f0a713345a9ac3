import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { openKms } from '../../connectors/kms/index.ts';
import { createConsents } from '../../connectors/postgres/consents.ts';
import { createErasures } from '../../connectors/postgres/erasures.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { createExportReports } from '../../connectors/postgres/removal-store.ts';
import { createRemovedEvents } from '../../connectors/postgres/removed-events.ts';
import { openRoomEdges } from '../../connectors/room-edges.ts';
import { createFolderSecrets } from '../../connectors/secrets/folder-secrets.ts';
import { createSink, sinksWith } from '../../connectors/sinks/index.ts';
import { openVault } from '../../connectors/vault/postgres-vault.ts';
import { ready, toHex } from '../../protocol/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import type { SinkStep } from '../pipeline/define-sink.ts';
import { FatalError } from '../pipeline/errors.ts';
import { repeat } from '../pipeline/repeat.ts';
import { withRetry } from '../pipeline/retry.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startReader } from '../pipeline/worker.ts';
import { around } from './around.ts';
import { openDelivery } from './open-delivery.ts';
import { startOpenThreads } from './open-threads.ts';
import { partnerKeys } from './partner-keys.ts';
import { openConfig, plannedExport } from './planned.ts';
import { rowMakersOf } from './row-makers-of.ts';
import { watchedTarget } from './slow-target.ts';
import { startingAt } from './starting-at.ts';
import { booked, StatusBook } from './status-book.ts';
import { telling } from './telling.ts';
import { positionsInKafka } from './unsafe-positions.ts';
import { watchedSignals } from './watched-signals.ts';
import { withoutSecrets } from './without-secrets.ts';
import { exporterPlan, limitsFor } from './worker.ts';

/** What an export says of itself is written so often at most. Milliseconds. */
const STATUS_MS = 200;

/** The second core has what writes the files and Kafka's client beside. */
const defaultThreads = (): number => (availableParallelism() > 1 ? 1 : 0);

async function start(boot: Boot): Promise<Running> {
  const { config, log, metrics, faults, clock, random, keep, onFatal } = boot;
  if (config.export === null) throw new FatalError('no_export', 'DDC_EXPORT is not set: say what to export and where.');
  await ready();
  const counted = metrics.counter('ddc_export_total', 'Rows delivered; batches refused, by reason.', ['kind']);
  const keks = openKms(config, performance, random);
  // A wrong or missing key is told at the start, not at the first batch.
  await keks.current();
  const name = typeof config.export === 'string' ? config.export : config.export.name;
  const { db, lookup, codecs, schemas, logId, lanes, named, consumer, groups } = await openRoomEdges(
    boot,
    `ddc-export-${name}`,
  );
  const exports = createExports(db);
  const planned = await plannedExport(config.export, exports);
  const { plan, starts } = planned;
  const book = planned.id === null ? null : new StatusBook(exports, planned.id, () => clock.now());
  const signals = book ? watchedSignals(boot.signals, book) : boot.signals;
  const vault = keep(openVault({ db, keks, random, clock: performance, calendar: clock }));
  const codec = await codecs.for(named(batchesPinned));

  const opened = await openConfig(planned, createFolderSecrets(config.secretsFolder));
  const context = {
    ...{ log: toHex(logId), name: plan.name, now: () => clock.now(), privateTargets: config.privateTargets },
    reach: (step: SinkStep) => (step === 'beating' ? undefined : faults.reach(`sink-${step}`)),
  };
  const target = withoutSecrets(
    createSink(plan.sink, opened.config, context, await sinksWith(config.sinkFiles)),
    opened.secrets,
  );
  // A sandbox's control experiment only: what a position in the output is for shows when it is elsewhere.
  const placed = config.unsafe.includes('positions')
    ? positionsInKafka(target, {
        lookup,
        groups,
        topic: named(batchesPinned).name,
        group: `${config.topicPrefix}export-${plan.name}`,
      })
    : target;
  const guarded = startingAt(placed, starts);
  const sink = keep(book ? watchedTarget(booked(guarded, book), book, clock) : guarded);
  const loops = {
    clock,
    random,
    onRetry: (operation: string, attempt: number, error: unknown) =>
      signals.emit('retry', { partition: -1, kind: operation, attempt, error }),
    onFatal,
  };
  if (book) {
    // Closed after all that writes into it.
    keep(book);
    keep(repeat({ operation: 'status', everyMs: STATUS_MS, look: () => book.flush() }, loops));
  }
  // A sandbox's control experiment only: what the filter is for shows when it is off.
  const removedEvents = config.unsafe.includes('removals')
    ? { any: async (owners: readonly unknown[]) => owners.map(() => false), of: async () => [] }
    : createRemovedEvents(db);
  const told = telling({
    log,
    counted: (kind, n) => counted.inc({ kind }, n),
    note: (code, message, count) => book?.note(code, message, count),
    // Not in the status, where it would look as if nothing were delivered.
    onStale: (error) => boot.signals.emit('retry', { partition: -1, kind: 'schemas', attempt: 1, error }),
  });
  const { by } = planned;
  const isPartners = by !== 'operator' && by !== 'app';
  const count = config.openThreads ?? defaultThreads();
  const threads = count > 0 ? keep(startOpenThreads(count, onFatal)) : undefined;
  const delivery = keep(
    await openDelivery({
      ...loops,
      ...(isPartners
        ? { keysOf: partnerKeys({ ...plan, vault, consents: createConsents(db), by, now: () => clock.now() }) }
        : {}),
      plan,
      breathe: () => setImmediate(),
      // A target that is down is waited for here, and not by a process that ends again and again.
      sink: around(sink, {
        check: () => withRetry({ ...loops, signal: new AbortController().signal }, 'check', () => sink.check()),
      }),
      vault,
      erasures: createErasures(db),
      reports: createExportReports(db),
      rowMakers: rowMakersOf(plan, {
        schemas,
        now: () => performance.now(),
        ...told,
      }),
      removedEvents,
      ...(threads ? { open: threads.open } : {}),
      log,
      count: told.count,
    }),
  );
  const reader = exporterPlan(named(batchesReceived).name, codec, { plan, sink }, delivery);
  return keep(
    startReader(consumer(`export-${plan.name}`, batchesPinned), reader, limitsFor(config), { ...lanes, signals }),
  );
}

await runRoom('exporter', start);
