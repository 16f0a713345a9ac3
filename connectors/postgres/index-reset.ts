import type { Database } from './database.ts';

/** Readers whose state a replay of `pinned` makes anew. */
export const REPLAYED_STAGES = ['indexer', 'settler'] as const;

/**
 * Empties the index and sets indexer and settler back to the start of `pinned`, in one transaction. Leaves, rounds and outbox stay
 * (their keys make the replay charge nothing again), and so do batch ids and removals.
 */
export async function resetReaders({ kysely }: Database): Promise<{ batches: number; positions: number }> {
  return kysely.transaction().execute(async (tx) => {
    const batches = await tx.deleteFrom('batches').executeTakeFirst();
    await tx.deleteFrom('voids').execute();
    await tx.deleteFrom('subjects').execute();
    await tx.deleteFrom('checkpoints').execute();
    const positions = await tx.deleteFrom('positions').where('stage', 'in', REPLAYED_STAGES).executeTakeFirst();
    return { batches: Number(batches.numDeletedRows), positions: Number(positions.numDeletedRows) };
  });
}
