import { type Json, type OpenSearch, OpenSearchError } from './client.ts';

/** Read, and worked on, together. */
const PAGE = 5_000;

/** A shard that did not answer may hold what is looked for: after a restart they come back one by one, and the answer is a 200. */
function whole(page: Json): void {
  const failed = page._shards?.failed ?? 0;
  if (failed > 0) throw new OpenSearchError(503, '', `${failed} shards did not answer a search`);
}

/** What a query finds, as it was when it was asked. @param index one, or several with commas between */
export async function* pages(
  { ask }: OpenSearch,
  index: string,
  query: Json,
  fields: readonly string[] | false,
): AsyncGenerator<readonly Json[]> {
  const body = { query, size: PAGE, sort: ['_doc'], seq_no_primary_term: true, _source: fields };
  let { body: page } = await ask({
    method: 'POST',
    path: `/${index}/_search`,
    query: { scroll: '2m', ignore_unavailable: true },
    body,
  });
  try {
    whole(page);
    while (page.hits.hits.length > 0) {
      yield page.hits.hits;
      if (page.hits.hits.length < PAGE) return;
      page = (
        await ask({ method: 'POST', path: '/_search/scroll', body: { scroll: '2m', scroll_id: page._scroll_id } })
      ).body;
      whole(page);
    }
  } finally {
    // None was opened where there is none of the indices.
    if (page._scroll_id !== undefined)
      await ask({ method: 'DELETE', path: '/_search/scroll', body: { scroll_id: [page._scroll_id] }, accept: [404] });
  }
}
