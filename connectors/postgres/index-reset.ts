import { sql } from 'kysely';
import type { Database } from './database.ts';

/** Readers whose state a rewind of `pinned` makes anew. */
export const REWOUND_STAGES = ['indexer', 'settler'] as const;

/**
 * Empties the index and sets indexer and settler back to the start of `pinned`, in one transaction. Leaves, rounds and outbox stay
 * (their keys make it charge nothing again), and so do batch ids and removals. Truncates: deleting row by row has its time limit.
 */
export async function resetReaders({ kysely }: Database): Promise<void> {
  await kysely.transaction().execute(async (tx) => {
    await sql`TRUNCATE batches, voids, subjects, checkpoints`.execute(tx);
    await tx.deleteFrom('positions').where('stage', 'in', REWOUND_STAGES).execute();
  });
}
