import { toHex } from '../../protocol/index.ts';
import type { ExportReports, NamedRemove } from '../pipeline/ports/removals.ts';
import type { Sink } from '../pipeline/ports/sink.ts';
import { type RepeatEdges, repeat } from '../pipeline/repeat.ts';
import { withRetry } from '../pipeline/retry.ts';
import type { Following } from './follow-erasures.ts';

/** Removals are read at least every second. Milliseconds. */
const FOLLOW_MS = 900;
/** Applied together: the sink looks through its rows once for all of them. */
const PAGE = 500;

export interface FollowRemovalsEdges extends RepeatEdges {
  readonly exportName: string;
  readonly app: Uint8Array;
  readonly reports: Pick<ExportReports, 'due' | 'report'>;
  readonly sink: Pick<Sink, 'remove'>;
  onApplied(removals: number, rows: number): void;
}

/**
 * Deletes the rows of removed events from the sink: those of the past that this export has not reported, then new ones. Deliveries need not
 * wait for it: each asks by itself what is removed. May end anywhere: what is not reported is applied again, and what was deleted then is not
 * counted twice.
 */
export function followRemovals(edges: FollowRemovalsEdges): Following {
  const { exportName, app, reports, sink, onApplied } = edges;
  let among: 'all' | 'open' = 'all';

  async function look(signal: AbortSignal): Promise<void> {
    for (let due: NamedRemove[] = []; !signal.aborted; ) {
      due = await reports.due(exportName, app, among, PAGE);
      if (due.length > 0) {
        const deleted = await sink.remove(
          due.map(({ selector, issuedAt, ...owner }) => ({
            ...{ app: toHex(owner.app), wallet: toHex(owner.wallet), selector, issuedAt },
          })),
        );
        const counted = due.map(({ id, wallet }, i) => ({ id, app, wallet, rows: deleted[i] ?? 0 }));
        await reports.report(exportName, counted);
        onApplied(
          due.length,
          counted.reduce((sum, { rows }) => sum + rows, 0),
        );
      }
      if (due.length === PAGE) continue;
      among = 'open';
      return;
    }
  }

  const operation = 'removals';
  return {
    ...repeat({ operation, everyMs: FOLLOW_MS, look }, edges),
    now: (signal) => withRetry({ ...edges, signal }, operation, () => look(signal)),
  };
}
