import type { HeldRow } from '../../../services/pipeline/ports/sink.ts';
import type { Json, OpenSearch } from './client.ts';

/** Read together. */
const PAGE = 5_000;
const FIELDS = ['app', 'wallet', 'batch_id', 'slot', 'event_id', 'time', 'session', 'issued_at', 'origin'];

/** A hit as far as erasures and removals ask. */
export function rowOf({ _source }: Json): HeldRow {
  const { app, wallet, batch_id: batchId, slot, event_id: eventId, session, origin } = _source;
  const [time, issuedAt] = [Date.parse(_source.time), Date.parse(_source.issued_at)];
  return { app, wallet, batchId, slot, eventId, time, session: session ?? null, issuedAt, origin };
}

/** What a query finds, as it was when it was asked. */
export async function* pages({ ask }: OpenSearch, index: string, query: Json): AsyncGenerator<readonly Json[]> {
  const body = { query, size: PAGE, sort: ['_doc'], seq_no_primary_term: true, _source: FIELDS };
  let { body: page } = await ask({ method: 'POST', path: `/${index}/_search`, query: { scroll: '2m' }, body });
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
