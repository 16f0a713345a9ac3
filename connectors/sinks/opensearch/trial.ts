import type { SeenRow } from '../../../services/pipeline/define-sink.ts';
import { parseExact } from '../../../services/pipeline/exact-json.ts';
import { COMMON_COLUMNS, commonFrom } from '../../../services/pipeline/ports/row-columns.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { jsonValue, jsonValues } from '../json/value.ts';
import { openClient } from './client.ts';
import { booksIndex, fieldName } from './names.ts';

const MOST = 10_000;

/** Everything that an export under this prefix has made. */
export async function dropIndices(node: string, prefix: string): Promise<void> {
  const client = openClient({ node, requestTimeoutMs: 30_000 });
  const books = booksIndex(prefix);
  const gone = (path: string) => client.ask({ method: 'DELETE', path, accept: [404] });
  try {
    await gone(`/${prefix}-*,${books}`);
    await gone(`/_index_template/${prefix}-*`);
    await gone(`/_ingest/pipeline/${books}-*`);
  } finally {
    await client.close();
  }
}

interface Hit {
  readonly _index: string;
  readonly _source: Readonly<Record<string, unknown>>;
  readonly sort: readonly unknown[];
}

/** Everything that a search finds, page by page, with all digits of what it answers. */
async function* searched(node: string, prefix: string): AsyncGenerator<Hit> {
  const sort = ['origin', 'partition', 'slot', '_index'];
  for (let after: readonly unknown[] | null = null; ; ) {
    const page: Response = await fetch(`${node}/${prefix}-*/_search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ size: MOST, sort, ...(after ? { search_after: after } : {}) }),
    });
    const { hits } = (parseExact(await page.text()) as { hits: { hits: readonly Hit[] } }).hits;
    yield* hits;
    after = hits.length < MOST ? null : (hits.at(-1)?.sort ?? null);
    if (!after) return;
  }
}

/** The rows as any consumer reads them: a search, with all digits of what it answers. */
export async function readIndices(node: string, prefix: string, tables: readonly Table[]): Promise<SeenRow[]> {
  await fetch(`${node}/${prefix}-*/_refresh?ignore_unavailable=true`, { method: 'POST' });
  const held = parseExact(await (await fetch(`${node}/${booksIndex(prefix)}/_doc/indices`)).text()) as {
    _source?: { holding: string };
  };
  const names = JSON.parse(held._source?.holding ?? '{}') as Record<string, string>;
  const rows: SeenRow[] = [];
  for await (const { _index, _source } of searched(node, prefix)) {
    const table = names[_index] ?? _index;
    const columns = tables.find(({ name }) => name === table)?.columns ?? [];
    const values = columns.map(({ name, type }) => [name, jsonValue(type, _source[fieldName(name)])]);
    rows.push({ ...commonFrom(jsonValues(COMMON_COLUMNS, _source)), table, values: Object.fromEntries(values) });
  }
  return rows;
}
