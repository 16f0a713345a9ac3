import type { HeldRow, RowOwner, RowSelection } from '../../../services/pipeline/ports/sink.ts';
import { chunks } from '../chunks.ts';
import { type SelectableRow, selectedBy } from '../folder/selected-rows.ts';
import type { Bulk } from './bulk.ts';
import type { Json, OpenSearch } from './client.ts';
import { HELD_FIELDS, rowOf } from './held-row.ts';
import { pages } from './pages.ts';
import { refresh } from './refresh.ts';

/** Found with one query: a query has at most 1,024 clauses, and `terms` 65,536 words. */
const OWNERS_AT_ONCE = 10_000;
const SELECTIONS_AT_ONCE = 200;

/** What is to go: queries that find it, and more, and which of what they find it is. */
export interface Doomed {
  readonly queries: readonly Json[];
  /** The number that it is counted under; null: it stays. */
  readonly judge: (row: HeldRow) => number | null;
}

/** The rows of these owners, each counted under its number. */
export function ofOwners(owners: readonly RowOwner[]): Doomed {
  const fences = new Map(owners.map(({ app, wallet, before }, n) => [`${app}/${wallet}`, { n, before }]));
  return {
    queries: [...chunks(owners, OWNERS_AT_ONCE)].map((some) => ({
      terms: { wallet: some.map(({ wallet }) => wallet) },
    })),
    judge({ app, wallet, origin }) {
      const fence = fences.get(`${app}/${wallet}`);
      return fence && origin < fence.before ? fence.n : null;
    },
  };
}

function clause({ wallet, selector }: RowSelection): Json {
  const owned = { term: { wallet } };
  if ('events' in selector) return { bool: { filter: [owned, { terms: { event_id: selector.events } }] } };
  // Which session it is, is told by its mark alone, which no field holds.
  if ('session' in selector) return { bool: { filter: [owned, { exists: { field: 'session' } }] } };
  const range = { gte: selector.from, lt: selector.to, format: 'epoch_millis' };
  return { bool: { filter: [owned, { range: { time: range } }] } };
}

/** The rows that these select, each counted under the first that does. */
export function ofSelections(selections: readonly RowSelection[]): Doomed {
  const apps = new Map<string, { readonly numbers: number[]; readonly mine: RowSelection[] }>();
  for (const [n, selection] of selections.entries()) {
    const known = apps.get(selection.app) ?? { numbers: [], mine: [] };
    known.numbers.push(n);
    known.mine.push(selection);
    apps.set(selection.app, known);
  }
  const judges = new Map(
    [...apps].map(([app, { numbers, mine }]) => {
      const by = selectedBy(app, mine);
      return [app, (row: SelectableRow) => numbers[by(row) ?? -1] ?? null] as const;
    }),
  );
  return {
    queries: [...chunks(selections, SELECTIONS_AT_ONCE)].map((some) => ({ bool: { should: some.map(clause) } })),
    judge: (row) => judges.get(row.app)?.(row) ?? null,
  };
}

export interface DeletionEdges {
  readonly client: OpenSearch;
  readonly bulk: Bulk;
  readonly reach: (step: 'drafted' | 'rewritten') => void | Promise<void>;
}

/** Deletes the doomed of an index. @param count told of each that went */
export async function deleteFrom(
  index: string,
  doomed: Doomed,
  edges: DeletionEdges,
  count: (n: number) => void,
): Promise<void> {
  const { client, bulk, reach } = edges;
  if (!(await refresh(client, index))) return;
  for (const query of doomed.queries) {
    for await (const hits of pages(client, index, query, HELD_FIELDS)) {
      const going = hits.flatMap((hit) => {
        const n = doomed.judge(rowOf(hit));
        return n === null ? [] : [{ hit, n }];
      });
      if (going.length === 0) continue;
      await reach('drafted');
      const lines = going.map(({ hit: { _id, _seq_no, _primary_term } }) => {
        const at = { _index: index, _id, if_seq_no: _seq_no, if_primary_term: _primary_term };
        return `${JSON.stringify({ delete: at })}\n`;
      });
      const outcomes = await bulk.send(lines);
      // A conflict: another member has deleted it, and counts it.
      for (const [i, { n }] of going.entries()) if (outcomes[i]?.kind === 'done') count(n);
      await reach('rewritten');
    }
  }
  await refresh(client, index);
}
