import type { Pinned } from '../../schemas/index.ts';
import type { FlushLimits } from '../pipeline/accepted.ts';
import type { Codec } from '../pipeline/ports/codec.ts';
import type { IndexStore } from '../pipeline/ports/index-store.ts';
import type { ReaderPlan } from '../pipeline/reader.ts';
import { indexEntry } from './index-entry.ts';

/** One transaction holds this much. Rows wait for nothing: what is there goes in. */
export const LIMITS: FlushLimits = { maxRecords: 500, maxBytes: 16 * 1024 * 1024, lingerMs: 0 };

/** What the corridor needs to know of the indexer. It is the reader that repairs the pinner. */
export function indexerPlan(
  received: string,
  codec: Codec<Pinned>,
  store: Pick<IndexStore, 'apply'>,
  load: ReaderPlan<Pinned>['load'],
): ReaderPlan<Pinned> {
  return {
    stage: 'indexer',
    received,
    codec,
    onBehind: 'repair',
    load,
    apply: (partition, from, to, accepted) => store.apply(partition, from, to, accepted.map(indexEntry)),
  };
}
