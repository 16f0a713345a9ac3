import type { ExportRow } from '../../../services/pipeline/ports/sink.ts';
import type { OpenSearch } from './client.ts';
import type { Indices } from './indices.ts';
import { documentId } from './names.ts';
import { pages } from './pages.ts';

/** Indices of one request: their names stand in its first line. */
const AT_ONCE = 20;

/**
 * Rows are written before the position counts them. Whoever died in between, or was refused, has left some, and when they are delivered again they may
 * be meant for another table: their type has a schema by now, say. By then they are there, and stay where they are.
 * @param mark what counts ends with this origin
 * @returns those of the rows that are in no other index than their own
 */
export async function withoutStrays(
  client: OpenSearch,
  indices: Indices,
  rows: readonly ExportRow[],
  partition: number,
  mark: number,
): Promise<readonly ExportRow[]> {
  const all = Object.keys(await indices.all());
  if (rows.length === 0) return rows;
  const there = new Map<string, string>();
  const beyond = { bool: { filter: [{ term: { partition } }, { range: { origin: { gt: mark } } }] } };
  for (let i = 0; i < all.length; i += AT_ONCE) {
    const some = all.slice(i, i + AT_ONCE).join(',');
    await client.ask({ method: 'POST', path: `/${some}/_refresh`, query: { ignore_unavailable: true } });
    for await (const hits of pages(client, some, beyond, false)) {
      for (const { _id, _index } of hits) there.set(_id, _index);
    }
  }
  if (there.size === 0) return rows;
  const kept: ExportRow[] = [];
  for (const row of rows) {
    const index = there.get(documentId(row));
    if (index === undefined || index === (await indices.ensure(row.table))) kept.push(row);
  }
  return kept;
}
