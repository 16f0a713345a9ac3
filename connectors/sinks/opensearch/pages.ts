import type { Json, OpenSearch } from './client.ts';

/** Read, and worked on, together. */
const PAGE = 5_000;

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
    while (page.hits.hits.length > 0) {
      yield page.hits.hits;
      if (page.hits.hits.length < PAGE) return;
      page = (
        await ask({ method: 'POST', path: '/_search/scroll', body: { scroll: '2m', scroll_id: page._scroll_id } })
      ).body;
    }
  } finally {
    await ask({ method: 'DELETE', path: '/_search/scroll', body: { scroll_id: [page._scroll_id] }, accept: [404] });
  }
}
