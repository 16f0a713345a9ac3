import { sql } from 'kysely';
import type { Counted, Usage } from '../../services/pipeline/ports/usage.ts';
import type { Database } from './database.ts';
import { unnest } from './unnest.ts';

const TYPES = { app: 'bytea', period: 'bigint', operations: 'bigint' } as const;

/** What apps have used, in PostgreSQL. */
export function createUsage({ kysely }: Database): Usage {
  return {
    async add(counted) {
      if (counted.length === 0) return [];
      // Always in the same order: two processes that add for the same apps at once would wait for each other.
      const { rows } = await sql<Counted>`
        INSERT INTO usage (app, period, operations)
        SELECT * FROM ${unnest(counted, TYPES)} AS c (app, period, operations) ORDER BY app, period
        ON CONFLICT (app, period) DO UPDATE SET operations = usage.operations + excluded.operations
        RETURNING app, period, operations`.execute(kysely);
      const totals = new Map(rows.map((row) => [keyOf(row), row.operations]));
      return counted.map((one) => totals.get(keyOf(one)) as number);
    },
    async forget(before) {
      await kysely.deleteFrom('usage').where('period', '<', before).execute();
    },
  };
}

const keyOf = ({ app, period }: Pick<Counted, 'app' | 'period'>): string =>
  `${Buffer.from(app).toString('base64')} ${period}`;
