import { CID } from 'multiformats/cid';
import type { Pins } from '../../services/pipeline/ports/pins.ts';
import type { Database } from './database.ts';

/** `pins` in PostgreSQL. */
export function createPins(db: Database): Pins {
  return {
    async record(pins) {
      if (pins.length === 0) return;
      const rows = pins.map(({ cluster, root, partition, first, last }) => ({
        cluster,
        root: root.bytes,
        partition,
        first_origin: first,
        last_origin: last,
      }));
      // The same content flushed again after a crash has the same root and the same range.
      await db.kysely
        .insertInto('pins')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async upTo(partition, mark) {
      const rows = await db.kysely
        .selectFrom('pins')
        .select(['cluster', 'root', 'first_origin', 'last_origin'])
        .where('partition', '=', partition)
        .where('last_origin', '<=', mark)
        .orderBy('last_origin')
        .orderBy('cluster')
        .execute();
      return rows.map((row) => ({
        cluster: row.cluster,
        root: CID.decode(row.root),
        partition,
        first: row.first_origin,
        last: row.last_origin,
      }));
    },
  };
}
