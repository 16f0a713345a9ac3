import type { Pinned } from '../../../schemas/index.ts';
import type { Accepted } from '../../../services/pipeline/accepted.ts';
import type { LoggedBatch } from '../consume/pinned-log.ts';

/** The batches of a stretch; voids have nothing to show. */
export const loggedBatches = (accepted: readonly Accepted<Pinned>[]): LoggedBatch[] =>
  accepted.flatMap(({ origin, value, record }) => {
    const { batchId, app, wallet, rootVersion, body } = value;
    if (body === null) return [];
    const { epoch, summary, events } = body;
    const behind = { next: record.offset + 1, mark: origin };
    return [{ origin, batchId, app, wallet, rootVersion, epoch, types: summary.types, events, behind }];
  });
