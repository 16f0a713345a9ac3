import type { Pinned } from '../../schemas/index.ts';
import type { Accepted } from '../pipeline/accepted.ts';
import type { IndexEntry } from '../pipeline/ports/index-store.ts';

/** What the index keeps of one accepted record of `pinned`: everything but its envelopes; of a void, that it was one and why. */
export function indexEntry({ origin, value }: Pick<Accepted<Pinned>, 'origin' | 'value'>): IndexEntry {
  const { batchId, app, wallet, rootVersion, reason, body } = value;
  const head = { origin, batchId, app, wallet, rootVersion };
  if (body === null) return { ...head, source: value.source, seq: value.seq, reason: reason ?? 'dead', body: null };
  const { meta: _meta, events: _events, ...kept } = body;
  return { ...head, source: body.summary.source, seq: body.summary.seq, reason: null, body: kept };
}
