import type { RowOwner, RowSelection } from '../../../services/pipeline/ports/sink.ts';
import { instantOf } from './instant.ts';

/** A statement with its parameters. */
export type Statement = readonly [text: string, parameters: readonly unknown[]];

const instant = (milliseconds: number) => instantOf(BigInt(milliseconds) * 1000n);

/** Deletes the rows of these owners. Answers rows of `app`, `wallet` and `rows`: how many each lost. */
export function ownersGone(relation: string, owners: readonly RowOwner[]): Statement {
  const text = `WITH gone AS (
      DELETE FROM ${relation} AS mine USING unnest($1::text[], $2::text[], $3::bigint[]) AS owner (app, wallet, before)
      WHERE mine.app = owner.app AND mine.wallet = owner.wallet AND mine.origin < owner.before
      RETURNING mine.app, mine.wallet)
    SELECT app, wallet, count(*)::integer AS rows FROM gone GROUP BY app, wallet`;
  return [text, [owners.map(({ app }) => app), owners.map(({ wallet }) => wallet), owners.map(({ before }) => before)]];
}

/** A selection by its number. */
export interface Numbered {
  readonly n: number;
  readonly selection: RowSelection;
}

const MARK = `encode(sha256(convert_to(mine.app || '/' || mine.wallet || '/' || mine.session, 'UTF8')), 'hex')`;

/** One kind of selector: its further columns, and when it takes a row. */
function arm(
  relation: string,
  first: number,
  columns: readonly (readonly [name: string, type: string])[],
  taken: string,
): string {
  const all = [['n', 'integer'], ['app', 'text'], ['wallet', 'text'], ['until', 'timestamptz'], ...columns] as const;
  const arrays = all.map(([, type], i) => `$${first + i}::${type}[]`).join(', ');
  return `SELECT mine.tableoid AS part, mine.ctid AS place, one.n FROM ${relation} AS mine
    JOIN unnest(${arrays}) AS one (${all.map(([name]) => name).join(', ')})
    ON mine.app = one.app AND mine.wallet = one.wallet AND mine.issued_at <= one.until AND ${taken}`;
}

/** Deletes what these select. Answers rows of `n` and `rows`: how many each took, one that several select counted with the first. */
export function selectionsGone(relation: string, selections: readonly Numbered[]): Statement {
  const owned = ({ n, selection: { app, wallet, issuedAt } }: Numbered) => [n, app, wallet, instant(issuedAt)];
  const ids: unknown[][] = [];
  const ranges: unknown[][] = [];
  const sessions: unknown[][] = [];
  for (const one of selections) {
    const { selector } = one.selection;
    if ('events' in selector) for (const id of selector.events) ids.push([...owned(one), id]);
    else if ('session' in selector) sessions.push([...owned(one), selector.session]);
    else ranges.push([...owned(one), instant(selector.from), instant(selector.to)]);
  }
  const arms = [
    arm(relation, 1, [['event_id', 'text']], 'mine.event_id = one.event_id'),
    arm(
      relation,
      6,
      [
        ['since', 'timestamptz'],
        ['before', 'timestamptz'],
      ],
      'mine.time >= one.since AND mine.time < one.before',
    ),
    arm(relation, 12, [['mark', 'text']], `${MARK} = one.mark`),
  ];
  const text = `WITH taken AS (${arms.join(' UNION ALL ')}), first AS (SELECT part, place, min(n) AS n FROM taken GROUP BY part, place),
    gone AS (DELETE FROM ${relation} AS mine USING first WHERE mine.tableoid = first.part AND mine.ctid = first.place RETURNING first.n)
    SELECT n, count(*)::integer AS rows FROM gone GROUP BY n`;
  const turned = (rows: readonly unknown[][], columns: number) =>
    Array.from({ length: columns }, (_, i) => rows.map((row) => row[i]));
  return [text, [...turned(ids, 5), ...turned(ranges, 6), ...turned(sessions, 5)]];
}
