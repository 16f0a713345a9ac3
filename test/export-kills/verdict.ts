import type { SeenRow } from '../../services/pipeline/define-sink.ts';
import { seen, shown } from '../support/seen-rows.ts';
import type { Load } from './load.ts';
import type { Target } from './targets.ts';

/** What a target holds against what was sent. */
export interface Verdict {
  readonly sink: string;
  /** That must be shown. */
  readonly rows: number;
  /** Of them, not shown, or shown otherwise than they were sent. */
  readonly lost: number;
  /** Shown more than once, in one table or in two. */
  readonly doubled: number;
  /** Erased or removed, and shown. */
  readonly back: number;
  /** Shown, and never sent so. */
  readonly strange: number;
  /** The first that is wrong, as text. */
  readonly first: string | null;
}

/** Names in their order: targets show columns in theirs. */
const sorted = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
};
const textOf = (row: SeenRow): string => JSON.stringify(row, sorted);
const placeOf = ({ partition, origin, slot }: SeenRow): string => `${partition}/${origin}/${slot}`;

export async function judge(target: Target, load: Load): Promise<Verdict> {
  const found = seen(await target.rows(load.tables));
  const expected = shown(load.expected());
  const gone = load.gone();
  const all = new Set(found.map(textOf));
  const wanted = new Set(expected.map(textOf));
  const lost = expected.map(textOf).filter((text) => !all.has(text));
  const back = found.filter(({ eventId }) => gone.has(eventId));
  const strange = found.filter((row) => !gone.has(row.eventId) && !wanted.has(textOf(row))).map(textOf);
  const places = new Set(found.map(placeOf));
  return {
    sink: target.sink,
    rows: expected.length,
    lost: lost.length,
    doubled: found.length - places.size,
    back: back.length,
    strange: strange.length,
    first: lost[0] ?? strange[0] ?? null,
  };
}

/** Nothing is wrong. */
export const isClean = ({ lost, doubled, back, strange }: Verdict): boolean => lost + doubled + back + strange === 0;
