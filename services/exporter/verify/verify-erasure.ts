import { fromHex, toHex } from '../../../protocol/index.ts';
import { START, samePosition } from '../../pipeline/ports/positions.ts';
import type { ExportReports, OrderState } from '../../pipeline/ports/removals.ts';
import type { HeldRow, HeldRows, Sink } from '../../pipeline/ports/sink.ts';
import { type JudgeEdges, judgeOf, type Reached } from './judge.ts';
import type { ErasureCheck, Finding, TableCounts, VerifyOutcome } from './report.ts';

/** What is asked about; everything where nothing is named. */
export interface Asked {
  /** Hex. */
  readonly wallet?: string;
  readonly events?: readonly string[];
}

export interface VerifyEdges extends JudgeEdges {
  readonly name: string;
  readonly sink: string;
  /** Opens the target; null where nobody here knows where it is. */
  readonly open: (() => Promise<Pick<Sink, 'held' | 'position' | 'close'>>) | null;
  /** Partitions of which the export says that it has delivered rows. */
  readonly delivered: readonly number[];
  readonly reports: Pick<ExportReports, 'orders'>;
  readonly now: () => number;
}

/** So many findings are named; all are counted. */
const NAMED = 100;
/** An export has so long before a receipt names it as pending. Milliseconds. */
const LATE_MS = 60_000;
const ELSEWHERE = 'is the target the same, seen from here?';

/**
 * Reads an export's target back and holds it against every erasure and removal that was committed before, by the rules that readers apply and not
 * by what the sink remembers: what an order reaches and the export has reported as applied must not be there.
 */
export async function verifyErasure(edges: VerifyEdges, asked: Asked): Promise<ErasureCheck> {
  const { name, app, sink, reports, now } = edges;
  const wallet = asked.wallet === undefined ? undefined : fromHex(asked.wallet, 32);
  // Before the target is read: what is told while it is being read may be there still.
  const orders = await reports.orders(name, fromHex(app, 32), wallet);
  const judge = await judgeOf(edges, orders);
  const tally = createTally();
  const isAsked = askedOf(asked);
  const { blocked, reason } = await readBack(edges, async ({ rows, ...where }) => {
    const mine = rows.filter(isAsked);
    tally.add(where, rows.length, mine.length, where.leaving || mine.length === 0 ? [] : await judge(mine));
  });
  const isLate = (issuedAt: number) => issuedAt < now() - LATE_MS;
  const unreported = orders.filter(({ reportedAt }) => reportedAt === null);
  // Where nobody can look, what was not reported is all there is to go by.
  const late = blocked === 'told' ? unreported.some((one) => isLate(one.issuedAt)) : isLate(tally.oldestWaiting());
  const found = tally.tables().some((table) => table.found > 0);
  return {
    ...{ name, app, sink, reason, tables: tally.tables(), findings: tally.findings },
    // What was found before the reading failed was found.
    outcome: found ? 'found' : blocked === 'unread' ? blocked : late ? 'late' : (blocked ?? 'clean'),
    ...summaryOf(orders),
  };
}

/** @returns why it was not read to the end, if it was not */
async function readBack(
  { open, delivered }: VerifyEdges,
  show: (some: HeldRows) => Promise<void>,
): Promise<{ readonly blocked: VerifyOutcome | null; readonly reason: string | null }> {
  if (!open) return { blocked: 'told', reason: 'it is not declared, so nobody here knows where its output is' };
  try {
    const target = await open();
    try {
      if (!target.held) return { blocked: 'told', reason: 'the target cannot be read back' };
      for (const partition of delivered) {
        if (samePosition(await target.position(partition), START))
          return {
            blocked: 'unread',
            reason: `what was delivered is not there (partition ${partition}): ${ELSEWHERE}`,
          };
      }
      await target.held(show);
    } finally {
      await target.close();
    }
  } catch (error) {
    return { blocked: 'unread', reason: error instanceof Error ? error.message : String(error) };
  }
  return { blocked: null, reason: null };
}

function createTally() {
  const tables = new Map<string, { -readonly [K in keyof TableCounts]: TableCounts[K] }>();
  const findings: Finding[] = [];
  let oldest = Number.POSITIVE_INFINITY;
  return {
    findings,
    add(
      { table, place, leaving = false }: Omit<HeldRows, 'rows'>,
      rows: number,
      asked: number,
      those: readonly Reached[],
    ) {
      const counts = tables.get(table) ?? { table, rows: 0, asked: 0, found: 0, waiting: 0, leaving: 0 };
      tables.set(table, counts);
      if (leaving) {
        counts.leaving += asked;
        return;
      }
      counts.rows += rows;
      counts.asked += asked;
      for (const { row, order } of those) {
        const { kind, id, issuedAt, reportedAt } = order;
        counts[reportedAt === null ? 'waiting' : 'found'] += 1;
        if (reportedAt === null) oldest = Math.min(oldest, issuedAt);
        const { wallet, batchId, slot, eventId } = row;
        const by = kind === 'erase' ? ('erasure' as const) : ('removal' as const);
        const finding = { table, place, wallet, batchId, slot, eventId, by, request: toHex(id), reportedAt };
        if (findings.length < NAMED) findings.push(finding);
      }
    },
    /** When the oldest order was signed that is not reported and whose rows are there. */
    oldestWaiting: () => oldest,
    tables: (): TableCounts[] => [...tables.values()].sort((a, b) => (a.table < b.table ? -1 : 1)),
  };
}

function askedOf({ wallet, events }: Asked): (row: HeldRow) => boolean {
  const ids = events && new Set(events);
  return (row) => (wallet === undefined || row.wallet === wallet) && (ids === undefined || ids.has(row.eventId));
}

function summaryOf(orders: readonly OrderState[]): Pick<ErasureCheck, 'orders' | 'lastReportedAt'> {
  const reported = orders.flatMap(({ reportedAt }) => reportedAt ?? []);
  const erasures = orders.filter(({ kind }) => kind === 'erase').length;
  return {
    orders: { erasures, removals: orders.length - erasures, reported: reported.length },
    lastReportedAt: reported.length === 0 ? null : reported.reduce((last, at) => Math.max(last, at)),
  };
}
