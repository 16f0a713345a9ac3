import { toHex } from '../../protocol/index.ts';
import { SegmentReader } from '../../services/pipeline/segment-reader.ts';
import { exportedEventIds } from './exported-rows.ts';
import { type IndexRow, indexRows } from './index-rows.ts';
import { type OpenedBatch, openBatch } from './opened-batch.ts';
import type { Stores } from './stores.ts';

/** What SQL and IPFS hold of these batches. Each list may hold an id twice: that is what is looked for. */
export interface Holdings {
  readonly rows: readonly IndexRow[];
  /** Batch id (hex) → the batch, opened with its owner's key. */
  readonly opened: ReadonlyMap<string, OpenedBatch>;
  /** Event ids that the index rows lead to in IPFS, whether they could be opened or not. */
  readonly eventsFound: number;
  /** Ids of events fetched from IPFS and opened. */
  readonly eventIds: readonly string[];
  /** Why a batch that the index names could not be fetched or opened. */
  readonly failures: readonly string[];
}

/** Fetches from IPFS everything that the index names of these batches, and opens it with the vault's roots. */
export async function takeHoldings(stores: Stores, batchIds: readonly Uint8Array[]): Promise<Holdings> {
  const rows = await indexRows(stores.database, batchIds);
  const segments = new SegmentReader(stores.ipfs);
  const roots = await rootsOf(stores, rows);
  const opened = new Map<string, OpenedBatch>();
  const eventIds: string[] = [];
  const failures: string[] = [];
  let eventsFound = 0;
  for (const [i, row] of rows.entries()) {
    const id = toHex(row.batchId);
    try {
      const stored = await segments.batch(row);
      eventsFound += stored.events.length;
      const root = roots[i];
      if (!root) throw new Error('its user root is gone');
      const batch = openBatch(stored, row, root);
      opened.set(id, batch);
      for (const event of batch.events) eventIds.push(event.id);
    } catch (error) {
      failures.push(`batch ${id}: ${(error as Error).message}`);
    }
  }
  return { rows, opened, eventsFound, eventIds, failures };
}

/** Event ids that the Parquet files hold of these batches. */
export function takeExported(stores: Stores, batchIds: readonly Uint8Array[]): Promise<string[]> {
  return exportedEventIds(stores.deployment.exportFolder, new Set(batchIds.map((id) => toHex(id))));
}

/** How many items stand again after their first time. */
export const repeated = (items: readonly string[]): number => items.length - new Set(items).size;

async function rootsOf({ vault }: Stores, rows: readonly IndexRow[]) {
  const roots: Awaited<ReturnType<Stores['vault']['roots']>> = [];
  for (let from = 0; from < rows.length; from += 1000)
    roots.push(...(await vault.roots(rows.slice(from, from + 1000))));
  return roots;
}
