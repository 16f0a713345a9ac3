import { FatalError } from '../../../services/pipeline/errors.ts';
import type { KeptOffset } from '../../../services/pipeline/ports/log.ts';
import type { Position } from '../../../services/pipeline/ports/positions.ts';

/** What a group keeps beside an offset: the mark that belongs to it, and of which log both are. */
export const noteOf = ({ next, mark }: Position, logId: string): KeptOffset => ({
  next,
  note: JSON.stringify({ log: logId, mark }),
});

/**
 * The position that a group keeps.
 * @throws FatalError `group_foreign` when somebody else committed it, `another_log` when it is of a log that is gone
 */
export function positionIn(
  { next, note }: KeptOffset,
  { group, logId }: { readonly group: string; readonly logId: string },
): Position {
  const { log, mark } = said(note);
  if (typeof log !== 'string' || typeof mark !== 'number' || !Number.isSafeInteger(mark) || mark < -1)
    throw new FatalError(
      'group_foreign',
      `group ${group} holds offsets that no consumer of this kind committed: take another groupId`,
    );
  if (log !== logId)
    throw new FatalError(
      'another_log',
      `group ${group} was in log ${log}, and this one is ${logId}: its offsets mean nothing here; take another groupId`,
    );
  return { next, mark };
}

function said(note: string): { readonly log?: unknown; readonly mark?: unknown } {
  try {
    const value: unknown = JSON.parse(note);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
