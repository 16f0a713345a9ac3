import { refusalOf } from '../../services/pipeline/exports/room-for.ts';
import {
  type DeclaredExport,
  type ExportNote,
  type ExportRun,
  type Exports,
  NOTE_CODES,
  type PartitionStatus,
} from '../../services/pipeline/ports/exports.ts';
import { START } from '../../services/pipeline/ports/positions.ts';

/** Memory twin of the declared exports. @param now of what is declared, milliseconds since the epoch */
export function createMemoryExports(now: () => number = () => 0): Exports {
  let last = 0;
  const byId = new Map<number, DeclaredExport>();
  const partitions = new Map<number, Map<number, PartitionStatus>>();
  const runs = new Map<number, ExportRun>();
  const notes = new Map<number, Map<ExportNote['code'], ExportNote>>();
  return {
    async add(declaration, state) {
      const refusal = refusalOf([...byId.values()], declaration);
      if (refusal) throw refusal;
      last += 1;
      const declared = { ...structuredClone(declaration), id: last, state, createdAt: now() };
      byId.set(last, declared);
      return declared;
    },
    async find(name) {
      return [...byId.values()].find((one) => one.name === name) ?? null;
    },
    async list(app) {
      const hex = app && Buffer.from(app).toString('hex');
      return [...byId.values()]
        .filter((one) => hex === undefined || Buffer.from(one.app).toString('hex') === hex)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async setState(id, state) {
      const known = byId.get(id);
      if (!known || known.state === 'ending') return known ?? null;
      const changed = { ...known, state };
      byId.set(id, changed);
      return changed;
    },
    async forget(id) {
      if (byId.get(id)?.state !== 'ending') return false;
      partitions.delete(id);
      runs.delete(id);
      notes.delete(id);
      return byId.delete(id);
    },
    async report(id, changes, at) {
      if (!byId.has(id)) return;
      const known = partitions.get(id) ?? new Map<number, PartitionStatus>();
      partitions.set(id, known);
      for (const { partition, position, rows = 0, trouble } of changes) {
        const before = known.get(partition) ?? { position: START, rows: 0, trouble: null };
        known.set(partition, {
          ...{ partition, at, position: position ?? before.position, rows: before.rows + rows },
          trouble: trouble === undefined ? before.trouble : trouble,
        });
      }
    },
    async reportRun(id, run) {
      if (byId.has(id)) runs.set(id, run);
    },
    async note(id, more) {
      if (!byId.has(id)) return;
      const known = notes.get(id) ?? new Map<ExportNote['code'], ExportNote>();
      notes.set(id, known);
      for (const one of more) known.set(one.code, { ...one, count: (known.get(one.code)?.count ?? 0) + one.count });
    },
    async status(ids) {
      return ids.map((id) => ({
        partitions: [...(partitions.get(id)?.values() ?? [])].sort((a, b) => a.partition - b.partition),
        notes: NOTE_CODES.flatMap((code) => notes.get(id)?.get(code) ?? []),
        run: runs.get(id) ?? null,
      }));
    },
  };
}
