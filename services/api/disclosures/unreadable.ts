import { equalBytes, toHex } from '../../../protocol/index.ts';
import { FatalError } from '../../pipeline/errors.ts';
import type { LiveBatch } from './disclosed-events.ts';
import type { EventReader } from './event-reader.ts';
import type { RootState } from './root-states.ts';

/** A batch that stays as it is: a page that failed by it would keep its reader from everything after it. */
const FOR_GOOD: ReadonlySet<string> = new Set([
  'root_missing',
  'root_replaced',
  'batch_not_stored',
  'batch_unreadable',
]);

export const isUnreadableForGood = (error: unknown): error is FatalError =>
  error instanceof FatalError && FOR_GOOD.has(error.code);

/**
 * Of who was erased a moment ago nothing is read any more, though the index may still have it.
 * @throws FatalError `root_missing` when the vault has lost the root, `root_replaced` when it was lost and made anew
 */
export function isReadable<R extends RootState>(
  { batchId, body }: LiveBatch,
  root: R,
  reader: EventReader,
): root is R & NonNullable<RootState> {
  if (root === undefined)
    throw new FatalError('root_missing', `the vault has lost the root of batch ${toHex(batchId)}`);
  if (root === null) return false;
  if (!equalBytes(root.subject, body.subject))
    throw new FatalError('root_replaced', `batch ${toHex(batchId)} was sealed under another root than the vault has`);
  // Of what a client encrypted the service can tell nobody but its owner anything: it has no key to look.
  return body.mode === 'service' || reader.isOwner;
}
