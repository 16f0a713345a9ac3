import type { Erasure } from '../../services/pipeline/ports/erasures.ts';
import {
  CHECKPOINT_EVERY,
  type Clash,
  type ClashAlarm,
  COUNTED,
  type IndexEntry,
  type IndexStore,
  type LiveRun,
  MOST_RUNS,
  MOST_SCANNED,
  type OrderedSelection,
  type OriginRange,
} from '../../services/pipeline/ports/index-store.ts';
import type { Position, Positions } from '../../services/pipeline/ports/positions.ts';
import { isErased } from '../../services/pipeline/rules/erasure.ts';
import { batchOf, batchRow, isLive, type LiveEntry, voidOf, voidRow } from './index-entry-rows.ts';
import type { BatchesTable, SubjectsTable, VoidsTable } from './migrations/020-index.ts';
import { ownerKey } from './removals.ts';

const keyOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sequenceOf = (row: BatchesTable) =>
  [keyOf(row.app), keyOf(row.wallet), row.signer, keyOf(row.source), row.seq].join();
const byTimeAndId = (a: BatchesTable, b: BatchesTable) =>
  a.time_min - b.time_min || Buffer.compare(a.batch_id, b.batch_id);
const byOrigin = (a: { origin: number }, b: { origin: number }) => a.origin - b.origin;

/** Runs of numbers of which every one is there. */
function runsOf(rows: readonly BatchesTable[]): LiveRun[] {
  const sorted = [...rows].sort(
    (a, b) =>
      Buffer.compare(Buffer.from(a.signer), Buffer.from(b.signer)) ||
      Buffer.compare(a.source, b.source) ||
      a.seq - b.seq,
  );
  const runs: LiveRun[] = [];
  for (const { signer, source, seq } of sorted) {
    const last = runs.at(-1);
    const isSame = last?.signer === signer && keyOf(last.source) === keyOf(source);
    if (isSame && seq <= last.last + 1) runs[runs.length - 1] = { ...last, last: seq };
    else runs.push({ signer, source, first: seq, last: seq });
  }
  return runs;
}

export interface MemoryIndexStore extends IndexStore {
  /** Takes a batch out as nobody may: for tests of what then shows. */
  forget(batchId: Uint8Array): void;
}

/** Memory twin of the index. @param erasures read at each use, as the table would be */
export function createMemoryIndexStore(
  positions: Pick<Positions, 'compareAndSet'>,
  erasures: () => readonly Erasure[],
  onClash: ClashAlarm,
): MemoryIndexStore {
  let batches = new Map<string, BatchesTable>();
  let voids = new Map<string, VoidsTable>();
  const checkpoints = new Map<number, Position[]>();

  const reaching = (owner: { app: Uint8Array; wallet: Uint8Array }) =>
    erasures().filter((erasure) => ownerKey(erasure) === ownerKey(owner));

  function addVoid(row: VoidsTable): void {
    const key = `${row.partition}/${row.origin}`;
    if (!voids.has(key)) voids.set(key, row);
  }

  /** Subjects and conflicts follow from the batches: nothing of them is kept. */
  function subjectsOf(app: Uint8Array, wallet: Uint8Array): SubjectsTable[] {
    const found = new Map<number, SubjectsTable>();
    for (const row of [...batches.values()].sort(byOrigin)) {
      if (ownerKey(row) !== ownerKey({ app, wallet }) || found.has(row.root_version)) continue;
      const { root_version, subject, origin } = row;
      found.set(root_version, { app, wallet, root_version, subject, from_origin: origin });
    }
    return [...found.values()].sort((a, b) => a.root_version - b.root_version);
  }

  function hasOtherSubject(entry: LiveEntry): boolean {
    const known = subjectsOf(entry.app, entry.wallet).find((row) => row.root_version === entry.rootVersion);
    return known !== undefined && keyOf(known.subject) !== keyOf(entry.body.subject);
  }

  function show(row: BatchesTable) {
    const conflict = [...batches.values()].some((other) => other !== row && sequenceOf(other) === sequenceOf(row));
    return batchOf({ ...row, conflict });
  }

  const ofOwner = (app: Uint8Array, wallet: Uint8Array) =>
    [...batches.values()].filter((row) => ownerKey(row) === ownerKey({ app, wallet })).sort(byTimeAndId);

  const ordered = (app: Uint8Array, partition: number, { after, upTo }: OriginRange) =>
    [...batches.values()]
      .filter((row) => keyOf(row.app) === keyOf(app) && row.partition === partition)
      .filter((row) => row.origin > after && row.origin <= upTo)
      .sort(byOrigin);
  const isOrdered = ({ wallet, from, to, types }: OrderedSelection, row: BatchesTable) =>
    (!wallet || keyOf(row.wallet) === keyOf(wallet)) &&
    (from === undefined || row.time_max >= from) &&
    (to === undefined || row.time_min < to) &&
    (!types || row.types.some((type) => types.includes(type)));

  function applyOne(partition: number, entry: IndexEntry, clashes: Clash[]): void {
    const { origin, batchId } = entry;
    const issuedAt = entry.body?.summary.issuedAt ?? null;
    if (isErased({ ...entry, issuedAt }, reaching(entry))) addVoid(voidRow(partition, entry, 'erased'));
    else if (!isLive(entry)) addVoid(voidRow(partition, entry, entry.reason ?? 'dead'));
    else if (batches.has(keyOf(batchId))) {
      addVoid(voidRow(partition, entry, 'duplicate'));
      clashes.push({ what: 'batch_id', partition, origin, batchId });
    } else if (hasOtherSubject(entry)) {
      addVoid(voidRow(partition, entry, 'dead'));
      clashes.push({ what: 'subject', partition, origin, batchId });
    } else batches.set(keyOf(batchId), batchRow(partition, entry));
  }

  return {
    forget: (batchId) => void batches.delete(keyOf(batchId)),

    async apply(partition, from, to, entries) {
      const before = { batches: new Map(batches), voids: new Map(voids) };
      const clashes: Clash[] = [];
      for (const entry of entries) applyOne(partition, entry, clashes);
      if (!(await positions.compareAndSet('indexer', partition, from, to))) {
        batches = before.batches;
        voids = before.voids;
        return false;
      }
      const kept = checkpoints.get(partition) ?? [];
      if (to.next >= (kept.at(-1)?.next ?? 0) + CHECKPOINT_EVERY) checkpoints.set(partition, [...kept, to]);
      for (const clash of clashes) onClash(clash);
      return true;
    },

    async sweep() {
      const gone = [...batches].filter(([, row]) =>
        isErased({ origin: row.origin, rootVersion: row.root_version, issuedAt: row.issued_at }, reaching(row)),
      );
      for (const [key, row] of gone) {
        batches.delete(key);
        addVoid(voidRow(row.partition, batchOf(row), 'erased'));
      }
      for (const [key, row] of voids) {
        const { app, wallet, origin } = row;
        if (!app || !wallet) continue;
        const erased = isErased(
          { origin, rootVersion: row.root_version ?? 0, issuedAt: null },
          reaching({ app, wallet }),
        );
        if (erased) voids.set(key, voidRow(row.partition, voidOf(row), 'erased'));
      }
      return gone.length;
    },

    async batches(batchIds) {
      return batchIds.map((id) => {
        const row = batches.get(keyOf(id));
        if (row) return show(row);
        const told = [...voids.values()].filter((v) => keyOf(v.batch_id) === keyOf(id) && v.reason !== 'duplicate');
        const last = told.sort(byOrigin).at(-1);
        return last ? voidOf(last) : null;
      });
    },

    async ofWallet(app, wallet, { after, limit }) {
      const rows = ofOwner(app, wallet);
      const rest = after
        ? rows.filter((row) => byTimeAndId(row, { ...row, time_min: after.time, batch_id: after.batchId }) > 0)
        : rows;
      return rest.slice(0, limit).map(show);
    },

    async written({ app, wallet }, { after, limit }) {
      const mine = [...batches.values()].filter(
        (row) => (!app || keyOf(row.app) === keyOf(app)) && (!wallet || keyOf(row.wallet) === keyOf(wallet)),
      );
      const owners = [...new Map(mine.map((row) => [ownerKey(row), row])).values()];
      const keyed = owners.map((row) => ({ row, key: app ? row.wallet : row.app }));
      return keyed
        .filter(({ key }) => !after || Buffer.compare(key, after) > 0)
        .sort((a, b) => Buffer.compare(a.key, b.key))
        .slice(0, limit)
        .map(({ row }) => {
          const rows = ofOwner(row.app, row.wallet);
          const counted = rows.slice(0, COUNTED);
          return {
            ...{ app: row.app, wallet: row.wallet, batches: counted.length },
            events: counted.reduce((sum, one) => sum + one.count, 0),
            ...{ first: rows[0]?.time_min ?? 0, last: rows.at(-1)?.time_min ?? 0 },
            subjects: subjectsOf(row.app, row.wallet).map((one) => ({
              rootVersion: one.root_version,
              subject: one.subject,
            })),
          };
        });
    },

    async selected({ app, wallet, from, to, types, id }, { after, limit, scan = MOST_SCANNED }) {
      const rows = [...batches.values()]
        .filter((row) => keyOf(row.app) === keyOf(app) && (!wallet || keyOf(row.wallet) === keyOf(wallet)))
        .filter((row) => (from === undefined || row.time_max >= from) && (to === undefined || row.time_min < to))
        .sort(byTimeAndId);
      const rest = after
        ? rows.filter((row) => byTimeAndId(row, { ...row, time_min: after.time, batch_id: after.batchId }) > 0)
        : rows;
      const isNarrow = types !== undefined || id !== undefined;
      const end = isNarrow ? rest[scan - 1] : undefined;
      const found = (isNarrow ? rest.slice(0, scan) : rest)
        .filter((row) => !types || row.types.some((type) => types.includes(type)))
        .filter((row) => id === undefined || (row.id_min <= id && id <= row.id_max))
        .slice(0, limit);
      const last = found.length === limit ? found.at(-1) : end;
      return { batches: found.map(show), next: last ? { time: last.time_min, batchId: last.batch_id } : null };
    },

    async inOrder(selection, range, { limit, scan = MOST_SCANNED }) {
      const { wallet, from, to, types } = selection;
      const rest = ordered(selection.app, selection.partition, range);
      const isNarrow = wallet !== null || from !== undefined || to !== undefined || types !== undefined;
      const end = isNarrow ? rest[scan - 1]?.origin : undefined;
      const found = rest
        .filter((row) => isOrdered(selection, row) && row.origin <= (end ?? range.upTo))
        .slice(0, limit);
      const last = found.length === limit ? found.at(-1)?.origin : end;
      return { batches: found.map(show), reached: last ?? range.upTo };
    },

    async counted(selection, range) {
      const found = ordered(selection.app, selection.partition, range).filter((row) => isOrdered(selection, row));
      return { batches: found.length, events: found.reduce((sum, row) => sum + row.count, 0) };
    },

    async sequences(app, wanted, marks) {
      const known = [
        ...new Set(
          [...batches.values()].filter((row) => keyOf(row.app) === keyOf(app)).map((row) => keyOf(row.wallet)),
        ),
      ];
      const wallets =
        'wallet' in wanted
          ? [keyOf(wanted.wallet)]
          : known
              .sort()
              .filter((wallet) => !wanted.after || wallet > keyOf(wanted.after))
              .slice(0, wanted.limit);
      return wallets.map((wallet) => {
        const isMine = (row: {
          app: Uint8Array | null;
          wallet: Uint8Array | null;
          partition: number;
          origin: number;
        }) =>
          row.app !== null &&
          row.wallet !== null &&
          keyOf(row.app) === keyOf(app) &&
          keyOf(row.wallet) === wallet &&
          row.origin <= (marks.get(row.partition) ?? -1);
        const rows = [...batches.values()].filter(isMine);
        const dead = [...voids.values()].filter((row) => isMine(row) && row.reason !== 'duplicate').sort(byOrigin);
        const told = dead.flatMap(({ source, seq, batch_id, reason }) =>
          source && seq !== null ? [{ source, seq, batchId: batch_id, reason }] : [],
        );
        const live = runsOf(rows);
        return {
          wallet: new Uint8Array(Buffer.from(wallet, 'hex')),
          partition: rows[0]?.partition ?? dead[0]?.partition ?? 0,
          live: live.slice(0, MOST_RUNS),
          voids: told.slice(0, MOST_RUNS),
          isCut: live.length > MOST_RUNS || told.length > MOST_RUNS,
        };
      });
    },

    async withEvent({ app, wallet }, eventId, { batchId, limit }) {
      return ofOwner(app, wallet)
        .filter((row) => row.id_min <= eventId && eventId <= row.id_max)
        .filter((row) => !batchId || keyOf(row.batch_id) === keyOf(batchId))
        .slice(0, limit)
        .map(show);
    },

    async subjects(app, wallet) {
      return subjectsOf(app, wallet).map((row) => ({
        rootVersion: row.root_version,
        subject: row.subject,
        fromOrigin: row.from_origin,
      }));
    },

    async checkpoints(partition) {
      return checkpoints.get(partition) ?? [];
    },
  };
}
