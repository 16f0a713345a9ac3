import { sql } from 'kysely';
import { exportedEventIds } from '../../cli/census/exported-rows.ts';
import type { Database } from '../../connectors/postgres/database.ts';
import { toHex } from '../../protocol/index.ts';
import { eventually } from './room-process.ts';
import type { SuiteSandbox } from './sandbox.ts';

/** What a run should come to: batches that live, and events of theirs that the export has. */
export interface Expected {
  readonly batchIds: readonly Uint8Array[];
  readonly events: number;
}

/** Waits until the index, the chain and the export have exactly these batches. @throws naming what was last seen */
export async function drained({ stores, deployment }: SuiteSandbox, { batchIds, events }: Expected): Promise<void> {
  const ids = new Set(batchIds.map((id) => toHex(id)));
  let seen = '';
  const look = async () => {
    const now = await counts(stores.database);
    const exported = now.final === ids.size ? (await exportedEventIds(deployment.exportFolder, ids)).length : 0;
    seen = JSON.stringify({ ...now, exported, wanted: { batches: ids.size, events } });
    return now.indexed === ids.size && now.final === ids.size && exported === events ? true : null;
  };
  await eventually('everything drained', look).catch((error: Error) => {
    throw new Error(`${error.message}: ${seen}`);
  });
}

/** Rows of the index, and leaves whose round is final. */
async function counts({ kysely }: Database): Promise<{ indexed: number; final: number }> {
  const { rows } = await sql<{ indexed: number; final: number }>`
    SELECT (SELECT count(*) FROM batches)::integer AS indexed,
      (SELECT count(*) FROM leaves JOIN rounds USING (round, app) WHERE state = 'final')::integer AS final`.execute(
    kysely,
  );
  return rows[0] as { indexed: number; final: number };
}
