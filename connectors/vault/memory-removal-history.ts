import type { RemovalHistory } from '../../services/pipeline/ports/removals.ts';
import { OVERWRITTEN } from '../postgres/user-roots.ts';
import { forgetMemoryConsent, type KeyTables, type MemoryRoot, ownerName } from './memory-tables.ts';

/** Memory twin of the log of removals as a database has taken it in. Its rows have no state: what has a fence counts as sent. */
export function createMemoryRemovalHistory(tables: KeyTables): RemovalHistory {
  let taken = 0;
  return {
    next: async () => taken,
    async take(erasures, next) {
      const done = { removals: 0, roots: 0 };
      for (const erasure of erasures) {
        const name = ownerName(erasure);
        const at = tables.erasures.findIndex(
          (one) => ownerName(one) === name && Buffer.compare(one.id, erasure.id) === 0,
        );
        if (at < 0 || tables.erasures[at]?.fence === null) {
          tables.erasures.splice(at < 0 ? tables.erasures.length : at, at < 0 ? 0 : 1, erasure);
          if (at < 0) {
            forgetMemoryConsent(tables, erasure);
            const counting = (tables.roots.get(name) ?? []).filter((root) => !root.prepared);
            tables.roots.set(name, counting);
          }
          done.removals += 1;
        }
        for (const version of erasure.rootVersions) {
          const rows = tables.roots.get(name) ?? [];
          const known = rows.find((row) => row.rootVersion === version);
          if (known && known.wrapped.length === 0 && !known.prepared) continue;
          const row: MemoryRoot = known ?? {
            rootVersion: version,
            wrapped: OVERWRITTEN,
            epoch: 0,
            mode: 'service',
            subject: null,
            prepared: false,
          };
          const others = rows.filter((one) => one !== known);
          const gone = { ...row, wrapped: OVERWRITTEN, prepared: false };
          tables.roots.set(
            name,
            [...others, gone].sort((a, b) => a.rootVersion - b.rootVersion),
          );
          done.roots += 1;
        }
      }
      taken = Math.max(taken, next);
      return done;
    },
    async takeRemoves(removes) {
      const isThere = (remove: (typeof removes)[number]) =>
        tables.removals.some((one) => ownerName(one) === ownerName(remove) && Buffer.compare(one.id, remove.id) === 0);
      const missing = removes.filter((one) => !isThere(one));
      tables.removals.push(...missing.map((one) => ({ ...one, taken: true })));
      return missing.length;
    },
  };
}
