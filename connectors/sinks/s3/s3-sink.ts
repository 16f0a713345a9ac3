import { dirname, join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { START } from '../../../services/pipeline/ports/positions.ts';
import type {
  Delivery,
  ExportRow,
  KeepRows,
  RowOwner,
  RowSelection,
  Sink,
} from '../../../services/pipeline/ports/sink.ts';
import type { CompactionLimits } from '../folder/compaction.ts';
import type { FileFormat, Found } from '../folder/folder-sink.ts';
import { BOOKS, filesOf, type PlannedFile } from '../folder/layout.ts';
import { oneAtATime } from '../folder/one-at-a-time.ts';
import { type Change, changeLog, changeSchema, each } from './change.ts';
import { checkStore } from './check.ts';
import { compact, type Merging } from './compacting.ts';
import { numberedLog } from './numbered.ts';
import { type PositionLog, positionLog, same } from './position-log.ts';
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
export function s3Sink(edges: S3SinkEdges, { log: logId, reach = () => {} }: SinkContext): Sink {
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
  const placed = new Map<string, number>();
  let due = { all: edges.elapsed() + (limits?.ageMs ?? 0) };

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
    if (entry && same(entry.from, delivery.from) && same(entry.to, delivery.to)) return true;
    if (!same(entry?.to ?? START, delivery.from)) return false;
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
    for (const { path } of files) placed.set(`${dirname(path)}/`, (placed.get(`${dirname(path)}/`) ?? 0) + 1);
    return true;
  }

  /** Folders that got so many objects from us that they may be worth a look; all of them when the time has come. */
  async function compactWhatIsDue(): Promise<void> {
    if (!limits) return;
    const all = edges.elapsed() >= due.all;
    const folders = [...placed].filter(([, objects]) => objects >= limits.files).map(([name]) => name);
    if (!all && folders.length === 0) return;
    const done = await compact({ store, changes, format, scratch, logOf, limits, reach }, all ? undefined : folders);
    if (!done) return;
    for (const name of all ? [...placed.keys()] : folders) placed.delete(name);
    if (all) due = { all: edges.elapsed() + limits.ageMs };
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

  async function erase(owners: readonly RowOwner[]): Promise<void> {
    const due = await book.due(owners);
    if (due.length === 0) return;
    // In this order: who stages after it was noted leaves these rows out, and whoever staged before loses the number.
    await book.note(due, false);
    await barAll();
    for (const app of new Set(due.map((owner) => owner.app)))
      await without(app, await serially(() => format.find(due.filter((owner) => owner.app === app))));
    await book.note(due, true);
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
    await checkStore(store, logId, edges.versions);
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
    close: () =>
      serially(async () => {
        await format.close();
        store.close();
      }),
  };
}
