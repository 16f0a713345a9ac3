import { createHash } from 'node:crypto';

/** PostgreSQL cuts names off behind so many bytes. */
const LONGEST = 63;
/** Every table has these columns of its own already. */
const SYSTEM = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);
/** The sink's own tables begin so. */
export const BOOKS = '_ddc_';

const distinct = (short: string, name: string) =>
  `${short.slice(0, LONGEST - 9)}_${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;

/** A name as SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Lower case, so that nobody needs quotes: `SELECT userId` finds it in whatever case. Names of one table are unique also then. */
export function columnName(name: string): string {
  const folded = name.toLowerCase();
  return folded.length > LONGEST || SYSTEM.has(folded) ? distinct(folded, name) : folded;
}

/** What a table is called, best first: in lower case and without signs that need quotes, which another table may have taken. */
export function relationNames(table: string): readonly [string, string] {
  const folded = table.toLowerCase().replace(/[^a-z0-9_]/g, '_');
  const own = folded.startsWith(BOOKS) || folded.length > LONGEST;
  return own ? [distinct(folded, table), distinct(folded, table)] : [folded, distinct(folded, table)];
}
