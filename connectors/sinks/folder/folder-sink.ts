import { access, constants, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import { oneAtATime } from '../../../services/pipeline/one-at-a-time.ts';
import { START, samePosition } from '../../../services/pipeline/ports/positions.ts';
import type {
  Delivery,
  ExportRow,
  HeldRow,
  KeepRows,
  RowOwner,
  RowSelection,
  Sink,
} from '../../../services/pipeline/ports/sink.ts';
import type { Table } from '../../../services/pipeline/ports/table.ts';
import { ownerCounts } from '../erased-owner.ts';
import { weatherproof } from '../weatherproof.ts';
import { claim } from './claim.ts';
import { type CommitLog, commitLog } from './commit-log.ts';
import type { CompactionLimits } from './compaction.ts';
import { compactionDue } from './compaction-due.ts';
import { emptyTrash, sync, syncAll } from './durable.ts';
import { eraseLock } from './erase-lock.ts';
import { erasureBook } from './erasure-book.ts';
import { heldIn } from './held.ts';
import { BOOKS, filesOf } from './layout.ts';
import { endMerges, type Merging, mergeFiles } from './merging.ts';
import { namesIn } from './tolerant.ts';
import { tablesIn, walk } from './walk.ts';
import { toSinkError } from './weather.ts';

/** How rows become the bytes of a file, and how owners' rows leave it again. */
export interface FileFormat {
  /** With its dot. */
  readonly extension: string;
  /** Writes new files; durability is the folder's affair. */
  write(files: readonly PlannedWrite[]): Promise<void>;
  /** A file's rows, a few thousand at a time. */
  read(path: string, app: string): AsyncIterable<readonly HeldRow[]>;
  /** Makes ready for finding the rows of these owners, all of one app and each named once; what was made before is void then. */
  find(owners: readonly RowOwner[]): Promise<Found>;
  /** The same for the rows that these select, all of one app. */
  findSelected(app: string, selections: readonly RowSelection[]): Promise<Found>;
  close(): Promise<void>;
}

/** How small files are merged. */
export interface Compaction {
  readonly merging: Merging;
  readonly limits: CompactionLimits;
  /** Milliseconds, of whatever beginning. */
  readonly elapsed: () => number;
}

/** A file to be written: rows of one table and version. */
export interface PlannedWrite {
  readonly path: string;
  readonly table: Table;
  readonly rows: readonly ExportRow[];
}

/** Rows that are to go. */
export interface Found {
  /** Those of the files that have such rows. All are of one table, of any versions. */
  in(paths: readonly string[]): Promise<string[]>;
  /**
   * Copies a file without them.
   * @returns how many rows are left (no file need be written for 0), and how many went by each owner or selection
   */
  takenFrom(from: string, to: string): Promise<{ readonly left: number; readonly taken: readonly number[] }>;
}

/**
 * A sink that keeps files in a folder, laid out as `<table>/app=<hex>/dt=YYYY-MM-DD/`. Files are written out of sight, made to count by one
 * commit (see `commit-log.ts`), and only then moved into place: whatever a glob finds counts, and what counts is found.
 */
export function folderSink(
  root: string,
  format: FileFormat,
  { log, name, reach = () => {} }: SinkContext,
  compaction: Compaction | null = null,
): Sink {
  const logs = new Map<number, CommitLog>();
  const serially = oneAtATime();
  const book = erasureBook(root);
  const lock = eraseLock(root, reach);
  const due = compaction && compactionDue(compaction.limits, compaction.elapsed);

  function logOf(partition: number): CommitLog {
    const known = logs.get(partition) ?? commitLog(root, partition, reach);
    logs.set(partition, known);
    return known;
  }

  /** @returns null when another commit took the number: then the head says what that means */
  async function tryPut(rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows): Promise<boolean | null> {
    const log = logOf(delivery.partition);
    await log.begin();
    const { number, commit } = await log.head();
    if (commit && samePosition(commit.from, delivery.from) && samePosition(commit.to, delivery.to)) return true;
    if (!samePosition(commit?.to ?? START, delivery.from)) return false;
    // Asked after the head: an erasure or removal that is not known yet takes the number that we hope for.
    const spared = await keep(await book.spared(rows));
    const files = filesOf(spared, delivery, format.extension);
    const won = await log.commit(number + 1, delivery, async (staging) => {
      await format.write(
        files.map(({ staged, table, rows: group }) => ({ path: join(staging, staged), table, rows: group })),
      );
      await syncAll(files.map((file) => join(staging, file.staged)));
      await reach('staged');
      return { rows: spared.length, files: files.map(({ staged, path }) => ({ staged, path })) };
    });
    if (won) due?.placed(files.map(({ path }) => path));
    return won || null;
  }

  async function mergeWhatIsDue(): Promise<void> {
    const where = due?.next() ?? null;
    // Whoever holds the lock may do so for long, and nobody is in a hurry.
    if (!compaction || where === null || (await lock.held())) return;
    const { merging, limits } = compaction;
    if (await mergeFiles({ root, merging, limits, lock, serially, logOf, reach }, where)) due?.done(where);
  }

  /** Erasures of other members could take the number again and again; none does while we hold their lock. */
  async function put(rows: readonly ExportRow[], delivery: Delivery, keep: KeepRows = async (all) => all) {
    const attempt = () => serially(() => tryPut(rows, delivery, keep));
    let moved = await attempt();
    while (moved === null) moved = await lock.hold(attempt);
    if (moved) await mergeWhatIsDue();
    return moved;
  }

  async function erase(owners: readonly RowOwner[]): Promise<readonly number[]> {
    // Not in the work: a holder that was taken for dead has deleted what it has counted.
    const { counts, add } = ownerCounts(owners);
    // What a member that holds no lock may read is enough to see that there is nothing to do, as at most starts.
    if ((await book.due(owners)).length === 0) return counts;
    await lock.hold((drafts) =>
      serially(async () => {
        const due = await book.due(owners);
        // In this order: who stages after it was noted leaves these rows out, and whoever staged before loses the number.
        await book.note(due, false, drafts);
        for (const partition of await partitions(root)) await logOf(partition).bar();
        await endMerges(root);
        await emptyTrash(root);
        for (const app of new Set(due.map((owner) => owner.app))) {
          const theirs = due.filter((owner) => owner.app === app);
          const found = await format.find(theirs);
          for (const table of await tablesIn(root)) {
            for (const path of await found.in(await walk(table, format.extension, app))) {
              const taken = await rewrite(path, found, drafts);
              for (const [i, owner] of theirs.entries()) add(owner, taken[i] ?? 0);
            }
          }
        }
        await book.note(due, true, drafts);
      }),
    );
    return counts;
  }

  async function remove(selections: readonly RowSelection[]): Promise<readonly number[]> {
    // Not in the work: a holder that was taken for dead has deleted what it has counted.
    const counts = selections.map(() => 0);
    if (selections.length === 0) return counts;
    const numbered = selections.map((selection, n) => ({ selection, n }));
    await lock.hold((drafts) =>
      serially(async () => {
        // Whoever asked what to keep before this removal was there loses the number; whoever takes one from here on asks again.
        for (const partition of await partitions(root)) await logOf(partition).bar();
        await endMerges(root);
        await emptyTrash(root);
        for (const app of new Set(selections.map((one) => one.app))) {
          const mine = numbered.filter(({ selection }) => selection.app === app);
          const found = await format.findSelected(
            app,
            mine.map(({ selection }) => selection),
          );
          for (const table of await tablesIn(root)) {
            for (const path of await found.in(await walk(table, format.extension, app))) {
              const taken = await rewrite(path, found, drafts);
              for (const [i, { n }] of mine.entries()) counts[n] = (counts[n] ?? 0) + (taken[i] ?? 0);
            }
          }
        }
      }),
    );
    return counts;
  }

  async function rewrite(path: string, found: Found, drafts: string): Promise<readonly number[]> {
    const draft = join(drafts, `draft${format.extension}`);
    const { left, taken } = await found.takenFrom(path, draft);
    if (left > 0) await sync(draft);
    await reach('drafted');
    // Also a file of which nothing is left goes through the drafts, where only the holder of the lock can move it.
    await (left > 0 ? rename(draft, path) : rename(path, draft));
    await reach('rewritten');
    await sync(dirname(path));
    await rm(draft, { force: true });
    return taken;
  }

  async function check(): Promise<void> {
    try {
      await mkdir(join(root, BOOKS), { recursive: true });
      await access(root, constants.W_OK);
    } catch (cause) {
      throw new FatalError(
        'sink_not_writable',
        `The export folder ${root} cannot be written: create it or change its permissions.`,
        { cause },
      );
    }
    if ((await namesIn(root)).some((name) => name.startsWith('app='))) {
      throw new FatalError(
        'old_layout',
        `The export folder ${root} has \`app=…\` at its top, as before rows belonged to tables (\`<table>/app=…\`). Give this export an empty folder, and delete the old one when it has caught up.`,
      );
    }
    await claim(root, { log, name });
    for (const partition of await partitions(root)) await logOf(partition).sweep();
    await endMerges(root);
    await emptyTrash(root);
  }

  const sink: Sink = {
    check: () => serially(check),
    put,
    position: (partition) => serially(async () => (await logOf(partition).head()).commit?.to ?? START),
    erase,
    remove,
    held: (show) => heldIn(root, format, show),
    close: () => serially(() => format.close()),
  };
  return weatherproof(sink, (error) => toSinkError(error, root));
}

async function partitions(root: string): Promise<number[]> {
  return (await namesIn(join(root, BOOKS))).filter((name) => /^\d+$/.test(name)).map(Number);
}
