import { FatalError } from '../../../services/pipeline/errors.ts';
import type { KeptOffset } from '../../../services/pipeline/ports/log.ts';
import type { LogPosition } from '../consume/pinned-log.ts';

/** What a group keeps beside an offset: the mark that belongs to it, what is done of the batch behind it, and of which log all that is. */
export const noteOf = ({ next, mark, within }: LogPosition, logId: string): KeptOffset => ({
  next,
  note: JSON.stringify({ log: logId, mark, ...(within && { within: [within.origin, within.index] }) }),
});

/**
 * The position that a group keeps.
 * @throws FatalError `group_foreign` when somebody else committed it, `another_log` when it is of a log that is gone
 */
export function positionIn(
  { next, note }: KeptOffset,
  { group, logId }: { readonly group: string; readonly logId: string },
): LogPosition {
  const { log, mark, within } = said(note);
  const isWhole = Number.isSafeInteger(mark) && (mark as number) >= -1;
  const isPlace = within === undefined || (Array.isArray(within) && within.every(Number.isSafeInteger));
  if (typeof log !== 'string' || !isWhole || !isPlace)
    throw new FatalError(
      'group_foreign',
      `group ${group} holds offsets that no consumer of this kind committed: take another groupId`,
    );
  if (log !== logId)
    throw new FatalError(
      'another_log',
      `group ${group} was in log ${log}, and this one is ${logId}: its offsets mean nothing here; take another groupId`,
    );
  const [origin, index] = (within ?? []) as (number | undefined)[];
  const place = origin === undefined || index === undefined ? {} : { within: { origin, index } };
  return { next, mark: mark as number, ...place };
}

function said(note: string): { readonly log?: unknown; readonly mark?: unknown; readonly within?: unknown } {
  try {
    const value: unknown = JSON.parse(note);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
