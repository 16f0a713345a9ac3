import type { Removal, RemovalProgress } from '../../pipeline/ports/removals.ts';

/** After this long an export that has not reported is named pending in the receipt. */
export const EXPORTS_MS = 60_000;

/** What a removal that is sent needs next. */
export type NextStep =
  | { readonly kind: 'wait'; readonly for: readonly string[] }
  | { readonly kind: 'receipt'; readonly applied: readonly string[]; readonly pending: readonly string[] };

/**
 * Of an erasure the rooms must be past the fence, however long that takes; exports have 60 s for the first receipt. A further receipt follows when all that
 * were pending have reported.
 * @param now milliseconds since the epoch
 */
export function nextStep(removal: Removal, progress: RemovalProgress, now: number): NextStep {
  const late = [...(progress.indexer && progress.swept ? [] : ['indexer']), ...(progress.pinner ? [] : ['pinner'])];
  // Single events are left out by whoever reads: no room has anything to do.
  const rooms = removal.kind === 'erase' ? late : [];
  if (rooms.length > 0) return { kind: 'wait', for: rooms };
  const applied = progress.exports.filter((one) => one.reported).map((one) => one.name);
  const pending = progress.exports.filter((one) => !one.reported).map((one) => one.name);
  const names = pending.map((name) => `export:${name}`);
  if (removal.state === 'done') {
    return removal.pending.some((name) => pending.includes(name))
      ? { kind: 'wait', for: names }
      : { kind: 'receipt', applied, pending: [] };
  }
  const isLate = removal.sentAt !== null && now - removal.sentAt >= EXPORTS_MS;
  return pending.length > 0 && !isLate ? { kind: 'wait', for: names } : { kind: 'receipt', applied, pending };
}
