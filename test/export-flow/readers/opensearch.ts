import { jsonValue, jsonValues } from '../../../connectors/sinks/json/value.ts';
import type { SeenRow } from '../../../services/pipeline/define-sink.ts';
import { parseExact } from '../../../services/pipeline/exact-json.ts';
import { COMMON_COLUMNS, commonFrom } from '../../../services/pipeline/ports/row-columns.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { sumName } from '../sums.ts';
import { FLOW_TYPES, type Sum } from '../types.ts';
import { type Reader, textsOf } from './reader.ts';

const PAGE = 5_000;

interface Page {
  readonly _scroll_id: string;
  readonly hits: { readonly hits: readonly { readonly _source: Readonly<Record<string, unknown>> }[] };
}
interface Aggregated {
  readonly hits: { readonly total: { readonly value: number } };
  readonly aggregations?: Readonly<
    Record<string, { readonly value?: number; readonly inner?: { readonly value: number } }>
  >;
}

/** With all digits of what it answers. */
async function ask<T>(node: string, path: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${node}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return parseExact(await answer.text()) as T;
}

async function rowsIn(node: string, index: string, table: Table): Promise<SeenRow[]> {
  const rows: SeenRow[] = [];
  let page = await ask<Page>(node, `${index}/_search?scroll=1m`, { size: PAGE, sort: ['_doc'] });
  while (page.hits.hits.length > 0) {
    for (const { _source } of page.hits.hits) {
      const values = table.columns.map(({ name, type }) => [name, jsonValue(type, _source[name])]);
      rows.push({
        ...commonFrom(jsonValues(COMMON_COLUMNS, _source)),
        ...{ table: table.name, values: Object.fromEntries(values) },
      });
    }
    page = await ask<Page>(node, '_search/scroll', { scroll: '1m', scroll_id: page._scroll_id });
  }
  return rows;
}

const aggregation = ({ column, member }: Sum) =>
  member === undefined
    ? { sum: { field: column } }
    : { nested: { path: column }, aggs: { inner: { sum: { field: `${column}.${member}` } } } };

/** Searches and aggregations. It adds up doubles: only what is small enough for them is asked for, to its last digit. */
export const opensearch: Reader = {
  name: 'search',
  sinks: ['opensearch'],
  async read({ config }) {
    const [node, prefix] = [String(config.node), String(config.index)];
    const [counts, sums, rows] = [new Map<string, number>(), new Map<string, string>(), [] as SeenRow[]];
    for (const type of FLOW_TYPES) {
      const index = `${prefix}-${type.table.name.toLowerCase()}`;
      await ask(node, `${index}/_refresh`, {});
      const small = type.sums.filter(({ isSmall }) => isSmall);
      const aggs = Object.fromEntries(small.map((sum, i) => [`s${i}`, aggregation(sum)]));
      const found = await ask<Aggregated>(node, `${index}/_search`, { size: 0, track_total_hits: true, aggs });
      counts.set(type.table.name, Number(found.hits.total.value));
      for (const [i, sum] of small.entries()) {
        const { value, inner } = found.aggregations?.[`s${i}`] ?? {};
        sums.set(sumName(type, sum), Number(inner?.value ?? value).toFixed(sum.scale));
      }
      rows.push(...(await rowsIn(node, index, type.table)));
    }
    return { rows: textsOf(rows), counts, sums };
  },
};
