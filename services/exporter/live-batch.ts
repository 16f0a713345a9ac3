import type { Pinned, PinnedBody } from '../../schemas/index.ts';
import type { Accepted } from '../pipeline/accepted.ts';

/** An accepted record of `pinned` that is not a void. */
export interface LiveBatch {
  readonly origin: number;
  readonly value: Pinned & { readonly body: PinnedBody };
}

/** The batches of a stretch that belong to the export's app. */
export function liveBatches(
  accepted: readonly Accepted<Pinned>[],
  isExported: (app: Uint8Array) => boolean,
): LiveBatch[] {
  return accepted.flatMap(({ origin, value }) => {
    const { body } = value;
    return body !== null && isExported(value.app) ? [{ origin, value: { ...value, body } }] : [];
  });
}
