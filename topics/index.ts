import { batchesDead } from './batches-dead.ts';
import { batchesEncrypted } from './batches-encrypted.ts';
import { batchesPinned } from './batches-pinned.ts';
import { batchesReceived } from './batches-received.ts';
import type { Topic } from './define-topic.ts';
import { log } from './log.ts';
import { removalsCompleted } from './removals-completed.ts';
import { removalsRequested } from './removals-requested.ts';
import { settlementsFinalized } from './settlements-finalized.ts';

/** Every topic of the system, in the order of the flow. */
export const topics: readonly Topic<unknown>[] = [
  batchesReceived,
  batchesEncrypted,
  batchesPinned,
  batchesDead,
  removalsRequested,
  removalsCompleted,
  settlementsFinalized,
  log,
];

/** The three that offsets and positions are counted in; lost together or not at all. */
export const batchTopics: readonly Topic<unknown>[] = [batchesReceived, batchesEncrypted, batchesPinned];
