import type { Pinned, PinnedBody } from '../../schemas/index.ts';
import type { Accepted } from '../pipeline/accepted.ts';

/** A record of `pinned` that counts, and where it stands: out of Kafka, or put together again from what is stored of it. */
export type PinnedRecord = Pick<Accepted<Pinned>, 'origin' | 'value'>;

/** An accepted record of `pinned` that is not a void. */
export interface LiveBatch {
  readonly origin: number;
  readonly value: Pinned & { readonly body: PinnedBody };
}

/** The batches of a stretch that the export is about. */
export function liveBatches(
  accepted: readonly PinnedRecord[],
  isExported: (value: LiveBatch['value']) => boolean,
): LiveBatch[] {
  return accepted.flatMap(({ origin, value }) => {
    const { body } = value;
    if (body === null) return [];
    const live = { ...value, body };
    return isExported(live) ? [{ origin, value: live }] : [];
  });
}
