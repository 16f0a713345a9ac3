import { join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { oneAtATime } from '../../../services/pipeline/one-at-a-time.ts';
import { START, samePosition } from '../../../services/pipeline/ports/positions.ts';
import type {
  Delivery,
  ExportRow,
  KeepRows,
  RowOwner,
  RowSelection,
  Sink,
} from '../../../services/pipeline/ports/sink.ts';
import { ownerCounts } from '../erased-owner.ts';
import type { CompactionLimits } from '../folder/compaction.ts';
import { compactionDue } from '../folder/compaction-due.ts';
import type { FileFormat, Found } from '../folder/folder-sink.ts';
import { BOOKS, filesOf, type PlannedFile } from '../folder/layout.ts';
import type { Merging } from '../folder/merging.ts';
import { type Change, changeLog, changeSchema, each } from './change.ts';
import { checkStore } from './check.ts';
import { compact } from './compacting.ts';
import { heldObjects } from './held.ts';
import { numberedLog } from './numbered.ts';
import { type PositionLog, positionLog } from './position-log.ts';
import { rewriteAll } from './rewriting.ts';
import type { Scratch } from './scratch.ts';
import { sharedBook } from './shared-book.ts';
import type { ObjectStore } from './store.ts';

export interface S3SinkEdges {
  readonly store: ObjectStore;
  readonly format: FileFormat & Merging;
  readonly scratch: Scratch;
  /** Null: small objects are left as they are. */
  readonly limits: CompactionLimits | null;
  /** Whether a bucket that keeps versions is good enough. */
  readonly versions: boolean;
  /** Milliseconds, of whatever beginning. */
  readonly elapsed: () => number;
}

/**
 * A sink that keeps objects below a prefix, laid out as `<table>/app=<hex>/dt=YYYY-MM-DD/`. They are staged out of sight, made to count by one conditional write
 * (`change.ts`), and only then copied into place. No lock and no clock decides anything: of two that want the same place in a log, one gets it.
 */
export function s3Sink(edges: S3SinkEdges, { log: logId, name, reach = () => {} }: SinkContext): Sink {
  const { store, format, scratch, limits } = edges;
  const unique = () => scratch.unique();
  const logs = new Map<number, PositionLog>();
  const book = sharedBook(store, `${BOOKS}/erased.json`);
  const folder = `${BOOKS}/changes`;
  const changes = changeLog<Change>(store, folder, numberedLog(store, folder, changeSchema), unique);
  /** What uses the format or a log. */
  const serially = oneAtATime();
  /** What makes ready for finding rows: a delivery may come between two batches of it, another search may not. */
  const searching = oneAtATime();
  const due = limits && compactionDue(limits, edges.elapsed);

  function logOf(partition: number): PositionLog {
    const known = logs.get(partition) ?? positionLog(store, partition, unique);
    logs.set(partition, known);
    return known;
  }

  async function partitions(): Promise<number[]> {
    return (await store.folders(`${BOOKS}/`)).filter((name) => /^\d+$/.test(name)).map(Number);
  }

  async function write(files: readonly PlannedFile[], staging: string): Promise<void> {
    await scratch.use(async (local) => {
      const pathOf = ({ staged }: PlannedFile) => join(local, staged);
      await format.write(files.map((file) => ({ path: pathOf(file), table: file.table, rows: file.rows })));
      await each(files, (file) => store.upload(pathOf(file), `${staging}/${file.staged}`));
    });
  }

  /** @returns null when another commit took the number: then the head says what that means */
  async function tryPut(rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows): Promise<boolean | null> {
    const log = logOf(delivery.partition);
    const head = await log.begin();
    const { entry } = head;
    if (entry && samePosition(entry.from, delivery.from) && samePosition(entry.to, delivery.to)) return true;
    if (!samePosition(entry?.to ?? START, delivery.from)) return false;
    // Asked after the head: an erasure or removal that is not known yet takes the number that we hope for.
    const spared = await keep(await book.spared(rows));
    const files = filesOf(spared, delivery, format.extension);
    const won = await log.commit(
      head,
      delivery,
      async (staging) => {
        await write(files, staging);
        await reach('staged');
        return { rows: spared.length, files: files.map(({ staged, path }) => ({ staged, path, over: false })) };
      },
      () => reach('committed'),
    );
    if (!won) return null;
    await reach('placed');
    due?.placed(files.map(({ path }) => path));
    return true;
  }

  async function compactWhatIsDue(): Promise<void> {
    const where = due?.next() ?? null;
    if (!limits || where === null) return;
    if (await compact({ store, changes, format, scratch, logOf, limits, reach }, where)) due?.done(where);
  }

  async function put(rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows = async (all) => all) {
    for (;;) {
      const moved = await serially(() => tryPut(rows, delivery, keep));
      if (moved) await serially(compactWhatIsDue);
      if (moved !== null) return moved;
    }
  }

  /** What anybody had staged cannot count from here on: whoever is asked which rows may be shown, is asked after this began. */
  async function barAll(): Promise<void> {
    for (const partition of await partitions()) await serially(() => logOf(partition).bar());
    await serially(() => changes.sweep());
  }

  const without = (app: string, found: Found) =>
    rewriteAll({ store, changes, format, scratch, reach }, app, found, serially);

  async function erase(owners: readonly RowOwner[]): Promise<readonly number[]> {
    const { counts, add } = ownerCounts(owners);
    const orders = await book.due(owners);
    if (orders.length === 0) return counts;
    // In this order: who stages after it was noted leaves these rows out, and whoever staged before loses the number.
    await book.note(orders, false);
    await barAll();
    for (const app of new Set(orders.map((owner) => owner.app))) {
      const theirs = orders.filter((owner) => owner.app === app);
      const taken = await without(app, await serially(() => format.find(theirs)));
      for (const [i, owner] of theirs.entries()) add(owner, taken[i] ?? 0);
    }
    await book.note(orders, true);
    return counts;
  }

  async function remove(selections: readonly RowSelection[]): Promise<readonly number[]> {
    const counts = selections.map(() => 0);
    if (selections.length === 0) return counts;
    const numbered = selections.map((selection, n) => ({ selection, n }));
    await barAll();
    for (const app of new Set(selections.map((one) => one.app))) {
      const mine = numbered.filter(({ selection }) => selection.app === app);
      const these = mine.map(({ selection }) => selection);
      const taken = await without(app, await serially(() => format.findSelected(app, these)));
      for (const [i, { n }] of mine.entries()) counts[n] = (counts[n] ?? 0) + (taken[i] ?? 0);
    }
    return counts;
  }

  async function check(): Promise<void> {
    await checkStore(store, { log: logId, name }, edges.versions);
    await scratch.sweep();
    for (const partition of await partitions()) await logOf(partition).sweep();
    await changes.sweep();
  }

  return {
    check: () => serially(check),
    put,
    position: (partition) => serially(async () => (await logOf(partition).head()).entry?.to ?? START),
    erase: (owners) => searching(() => erase(owners)),
    remove: (selections) => searching(() => remove(selections)),
    held: (show) => heldObjects({ store, format, scratch }, show),
    close: () =>
      serially(async () => {
        await format.close();
        store.close();
      }),
  };
}
