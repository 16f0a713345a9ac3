import type { ExportRow, RowOwner } from '../../../services/pipeline/ports/sink.ts';
import { dueOf, type ErasedOwner, ownerName } from '../erased-owner.ts';
import type { Pool } from './pool.ts';

/** What the schema knows of erasures. */
export interface Erasures {
  /** Those that are not done yet. */
  due(owners: readonly RowOwner[]): Promise<RowOwner[]>;
  /** Rows that no erasure reaches. */
  spared(rows: readonly ExportRow[]): Promise<readonly ExportRow[]>;
  /** Writes them down, before their rows are deleted. */
  note(owners: readonly RowOwner[]): Promise<void>;
  /** Their rows are gone, as far as nobody has noted more meanwhile. */
  done(owners: readonly RowOwner[]): Promise<void>;
}

export function createErasures({ query }: Pool, table: string): Erasures {
  async function known(names: readonly string[]): Promise<Map<string, ErasedOwner>> {
    if (names.length === 0) return new Map();
    const rows = await query(`SELECT * FROM ${table} WHERE owner = ANY ($1::text[])`, [names]);
    return new Map(
      rows.map(({ owner, before, issued_at, done }) => [
        String(owner),
        { before: Number(before), issuedAt: Number(issued_at), done: done === true },
      ]),
    );
  }

  const arrays = (owners: readonly RowOwner[]) => [
    owners.map(ownerName),
    owners.map(({ before }) => before),
    owners.map(({ issuedAt }) => issuedAt),
  ];

  return {
    async due(owners) {
      const found = await known(owners.map(ownerName));
      return owners.flatMap((owner) => dueOf(owner, found.get(ownerName(owner))) ?? []);
    },

    async spared(rows) {
      const names = new Map(rows.map((row) => [`${row.app}/${row.wallet}`, '']));
      for (const row of rows) {
        const owner = `${row.app}/${row.wallet}`;
        if (names.get(owner) === '') names.set(owner, ownerName(row));
      }
      const found = await known([...names.values()]);
      if (found.size === 0) return rows;
      return rows.filter((row) => row.origin >= (found.get(names.get(`${row.app}/${row.wallet}`) ?? '')?.before ?? 0));
    },

    async note(owners) {
      if (owners.length === 0) return;
      await query(
        `INSERT INTO ${table} AS known SELECT *, false FROM unnest($1::text[], $2::bigint[], $3::bigint[]) ORDER BY 1
         ON CONFLICT (owner) DO UPDATE SET before = greatest(excluded.before, known.before), issued_at = excluded.issued_at, done = false
         WHERE (excluded.issued_at, excluded.before) > (known.issued_at, known.before)`,
        arrays(owners),
      );
    },

    async done(owners) {
      if (owners.length === 0) return;
      await query(
        `UPDATE ${table} AS known SET done = true FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS mine (owner, before, issued_at)
         WHERE known.owner = mine.owner AND known.before = mine.before AND known.issued_at = mine.issued_at`,
        arrays(owners),
      );
    },
  };
}
