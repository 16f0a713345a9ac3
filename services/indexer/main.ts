import { createIndexStore } from '../../connectors/postgres/index-store.ts';
import { openRoomEdges } from '../../connectors/room-edges.ts';
import { toHex } from '../../protocol/index.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { repeat } from '../pipeline/repeat.ts';
import { type Boot, type Running, runRoom } from '../pipeline/room.ts';
import { startReader } from '../pipeline/worker.ts';
import { indexerPlan, LIMITS } from './worker.ts';

/** Removals are applied within a second of their commit. */
const SWEEP_MS = 900;

const CLASHES = {
  batch_id: 'a batch id came with a second origin; the first stays',
  subject:
    'a batch names another subject than its root version has, so that root was lost and made anew: the batch is dead in the index',
} as const;

async function start(boot: Boot): Promise<Running> {
  const { log, metrics, signals, clock, random, keep, onFatal } = boot;
  const clashes = metrics.counter('ddc_index_clashes_total', 'Batches that the last guard voided.', ['kind']);
  const swept = metrics.counter('ddc_index_swept_total', 'Rows that an erasure turned into voids.');
  const { db, codecs, logId, lanes, named, consumer } = await openRoomEdges(boot);

  const store = createIndexStore(db, logId, ({ what, partition, origin, batchId }) => {
    clashes.inc({ kind: what });
    log.error({ partition, origin, batchId: toHex(batchId), kind: what }, CLASHES[what]);
  });
  const onRetry = (operation: string, attempt: number, error: unknown) =>
    signals.emit('retry', { partition: -1, kind: operation, attempt, error });
  const sweep = async () => {
    const rows = await store.sweep();
    if (rows > 0) swept.inc(rows);
  };
  keep(repeat({ operation: 'sweep', everyMs: SWEEP_MS, look: sweep }, { clock, random, onRetry, onFatal }));
  const codec = await codecs.for(named(batchesPinned));
  const { positions } = lanes;
  const plan = indexerPlan(named(batchesReceived).name, codec, store, (p) => positions.load('indexer', p));
  return keep(startReader(consumer('indexer', batchesPinned), plan, LIMITS, lanes));
}

await runRoom('indexer', start);
