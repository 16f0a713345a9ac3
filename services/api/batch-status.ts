import { toHex } from '../../protocol/index.ts';
import type { Admission } from '../pipeline/ports/admission.ts';
import type { IndexedBatch, IndexStore } from '../pipeline/ports/index-store.ts';
import type { Positions } from '../pipeline/ports/positions.ts';
import type { SettlementStatus } from '../pipeline/ports/settlement-status.ts';

const STAGES = ['encryptor', 'pinner', 'indexer'] as const;
type Marks = Readonly<Record<(typeof STAGES)[number], number>>;
type Settled = Awaited<ReturnType<SettlementStatus['isFinal']>>[number];

/** Where a batch is. `unknown`: no record of it was let in, send it (again). */
export interface BatchStatus {
  readonly batchId: string;
  /** Hex; null until indexed. */
  readonly app: string | null;
  readonly wallet: string | null;
  /** In `ddc.batches.received`; null when unknown. */
  readonly position: { readonly partition: number; readonly offset: number } | null;
  readonly stages: {
    readonly encrypted: boolean;
    readonly pinned: boolean;
    readonly indexed: boolean;
    readonly settled: boolean;
  };
  /** null until indexed. `unchecked`: the client encrypted it, so only who has the key can see whether it is what was signed. */
  readonly content: 'checked' | 'unchecked' | null;
  readonly outcome: 'live' | 'dead' | 'erased' | 'unpaid' | 'unknown';
}

export interface BatchStatusDeps {
  readonly admission: Pick<Admission, 'origins'>;
  readonly positions: Pick<Positions, 'load'>;
  readonly index: Pick<IndexStore, 'batches'>;
  readonly settlement: SettlementStatus;
}

export type BatchStatuses = (batchIds: readonly Uint8Array[]) => Promise<BatchStatus[]>;

/** One status per id, in order: four reads, however many ids. */
export function createBatchStatuses({ admission, positions, index, settlement }: BatchStatusDeps): BatchStatuses {
  const marksOf = async (partition: number): Promise<Marks> => {
    const [encryptor, pinner, indexer] = await Promise.all(STAGES.map((stage) => positions.load(stage, partition)));
    return { encryptor: encryptor?.mark ?? -1, pinner: pinner?.mark ?? -1, indexer: indexer?.mark ?? -1 };
  };

  return async (batchIds) => {
    const places = await admission.origins(batchIds);
    const partitions = [...new Set(places.flatMap((place) => (place ? [place.partition] : [])))];
    // The index after the marks: a batch at or below the indexer's mark is in it.
    const marks = new Map(await Promise.all(partitions.map(async (p) => [p, await marksOf(p)] as const)));
    const [entries, settled] = await Promise.all([index.batches(batchIds), settlement.isFinal(batchIds)]);
    return batchIds.map((batchId, i) => {
      const place = places[i] ?? null;
      const reached = place ? marks.get(place.partition) : undefined;
      if (!place || !reached) return unknown(batchId);
      return statusOf(batchId, place, reached, entries[i] ?? null, settled[i] ?? null);
    });
  };
}

/**
 * Pure: from what the stores say to what is shown. `found` at another place is of a dead original that a retry has taken over, or of a
 * copy. What erases one record of a batch erases them all, wherever they stand.
 */
function statusOf(
  batchId: Uint8Array,
  place: { readonly partition: number; readonly origin: number },
  marks: Marks,
  found: IndexedBatch | null,
  settled: Settled,
): BatchStatus {
  const entry = found?.partition === place.partition && found.origin === place.origin ? found : null;
  const lost = found?.reason === 'erased' ? 'erased' : entry?.reason === 'dead' ? 'dead' : null;
  return {
    batchId: toHex(batchId),
    app: entry && toHex(entry.app),
    wallet: entry && toHex(entry.wallet),
    position: { partition: place.partition, offset: place.origin },
    stages: {
      encrypted: marks.encryptor >= place.origin,
      pinned: marks.pinner >= place.origin,
      indexed: marks.indexer >= place.origin,
      settled: settled === 'final',
    },
    content: entry?.body ? (entry.body.mode === 'client' ? 'unchecked' : 'checked') : null,
    outcome: lost ?? (settled === 'unpaid' ? 'unpaid' : 'live'),
  };
}

function unknown(batchId: Uint8Array): BatchStatus {
  return {
    batchId: toHex(batchId),
    app: null,
    wallet: null,
    position: null,
    stages: { encrypted: false, pinned: false, indexed: false, settled: false },
    content: null,
    outcome: 'unknown',
  };
}
