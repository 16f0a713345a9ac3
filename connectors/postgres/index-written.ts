import { sql } from 'kysely';
import { COUNTED, type IndexStore, type Written } from '../../services/pipeline/ports/index-store.ts';
import type { Executor } from './database.ts';

type Row = Omit<Written, 'subjects'> & { versions: number[]; subjects: Uint8Array[] };

/**
 * Owners come from `subjects`, which has one row or few of each: its two indexes give a page without looking at what is not on it. Of the
 * batches of one owner the ends of an index are read, and at most `COUNTED` rows.
 */
export async function written(
  on: Executor,
  { app, wallet }: Parameters<IndexStore['written']>[0],
  { after, limit }: { after?: Uint8Array; limit: number },
): Promise<Written[]> {
  const key = app ? sql`wallet` : sql`app`;
  const { rows } = await sql<Row>`
    WITH page AS MATERIALIZED (
      SELECT DISTINCT app, wallet FROM subjects
      WHERE ${app ? sql`app = ${app}` : sql`TRUE`} AND ${wallet ? sql`wallet = ${wallet}` : sql`TRUE`}
        ${after ? sql`AND ${key} > ${after}` : sql``}
      ORDER BY ${app ? sql`app, wallet` : sql`wallet, app`} LIMIT ${limit}
    )
    SELECT page.app, page.wallet, counted.batches, counted.events, ends.first, ends.last, roots.versions, roots.subjects
    FROM page
    CROSS JOIN LATERAL (
      SELECT count(*) AS batches, coalesce(sum(few.count), 0) AS events FROM (
        SELECT b.count FROM batches b WHERE b.app = page.app AND b.wallet = page.wallet
        ORDER BY b.time_min, b.batch_id LIMIT ${COUNTED}) few
    ) counted
    CROSS JOIN LATERAL (
      SELECT min(b.time_min) AS first, max(b.time_min) AS last FROM batches b WHERE b.app = page.app AND b.wallet = page.wallet
    ) ends
    CROSS JOIN LATERAL (
      SELECT array_agg(s.root_version ORDER BY s.root_version) AS versions, array_agg(s.subject ORDER BY s.root_version) AS subjects
      FROM subjects s WHERE s.app = page.app AND s.wallet = page.wallet
    ) roots
    ORDER BY ${key}`.execute(on);
  return rows.map(({ versions, subjects, events, ...row }) => ({
    ...row,
    events: Number(events),
    subjects: versions.map((rootVersion, i) => ({ rootVersion, subject: subjects[i] as Uint8Array })),
  }));
}
