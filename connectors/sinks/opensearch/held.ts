import type { HeldRows } from '../../../services/pipeline/ports/sink.ts';
import type { OpenSearch } from './client.ts';
import { HELD_FIELDS, rowOf } from './held-row.ts';
import type { Holding } from './indices.ts';
import { pages } from './pages.ts';
import { refresh } from './refresh.ts';

/** Shows what a search finds in every index. @param holding which table each index is of */
export async function heldDocuments(
  client: OpenSearch,
  holding: Holding,
  show: (some: HeldRows) => Promise<void>,
): Promise<void> {
  for (const [index, table] of Object.entries(holding)) {
    if (!(await refresh(client, index))) continue;
    for await (const hits of pages(client, index, { match_all: {} }, HELD_FIELDS))
      await show({ table, place: index, rows: hits.map(rowOf) });
  }
}
