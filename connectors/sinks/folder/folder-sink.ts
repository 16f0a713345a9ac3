import {
  access,
  constants,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import { type Position, START } from '../../../services/pipeline/ports/positions.ts';
import type { Delivery, ExportRow, RowOwner, Sink } from '../../../services/pipeline/ports/sink.ts';
import { BOOKS, type CommitLog, commitLog } from './commit-log.ts';
import { failedWith, sync, syncAll } from './durable.ts';
import { filesOf } from './layout.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { walk } from './walk.ts';

/** How rows become the bytes of a file, and how one owner's rows leave it again. */
export interface FileFormat {
  /** With its dot. */
  readonly extension: string;
  /** Writes new files; durability is the folder's affair. */
  write(files: readonly { readonly path: string; readonly rows: readonly ExportRow[] }[]): Promise<void>;
  /** Those of the files that have rows of these owners. All files are of one app. */
  holding(paths: readonly string[], owners: readonly RowOwner[]): Promise<string[]>;
  /** Copies a file without the rows of these owners. @returns how many rows are left (no file need be written for 0). */
  without(owners: readonly RowOwner[], from: string, to: string): Promise<number>;
  close(): Promise<void>;
}

const same = (a: Position, b: Position) => a.next === b.next && a.mark === b.mark;

/**
 * A sink that keeps files in a folder, laid out as `app=<hex>/dt=YYYY-MM-DD/`. Files are written out of sight, made to count by one
 * commit (see `commit-log.ts`), and only then moved into place: whatever a glob finds counts, and what counts is found.
 */
export function folderSink(root: string, format: FileFormat, { log: logId, reach = () => {} }: SinkContext): Sink {
  const logs = new Map<number, CommitLog>();
  const serially = oneAtATime();

  function logOf(partition: number): CommitLog {
    const known = logs.get(partition) ?? commitLog(root, partition, reach);
    logs.set(partition, known);
    return known;
  }

  async function put(rows: readonly ExportRow[], delivery: Delivery): Promise<boolean> {
    const log = logOf(delivery.partition);
    const { number, commit } = await log.head();
    if (commit && same(commit.from, delivery.from) && same(commit.to, delivery.to)) return true;
    if (!same(commit?.to ?? START, delivery.from)) return false;
    const staging = await log.stage(number + 1);
    try {
      const files = filesOf(rows, delivery, format.extension);
      await format.write(files.map((file) => ({ path: join(staging, file.staged), rows: file.rows })));
      await syncAll(files.map((file) => join(staging, file.staged)));
      reach('staged');
      const list = files.map(({ staged, path }) => ({ staged, path }));
      return await log.append(number + 1, staging, delivery, rows.length, list);
    } catch (error) {
      // Whoever takes our number sweeps what was staged for it: then we did not fail, we lost.
      const winner = await log.stagingOf(number + 1);
      if (winner !== null && winner !== basename(staging)) return false;
      throw error;
    }
  }

  async function erase(owners: readonly RowOwner[]): Promise<void> {
    for (const partition of await partitions(root)) await logOf(partition).head();
    for (const app of new Set(owners.map((owner) => owner.app))) {
      const unwanted = owners.filter((owner) => owner.app === app);
      const held = await format.holding(await walk(root, format.extension, app), unwanted);
      if (held.length > 0) await rewrite(held, unwanted);
    }
  }

  async function rewrite(paths: readonly string[], owners: readonly RowOwner[]): Promise<void> {
    const staging = await mkdtemp(join(root, BOOKS, 'erase-'));
    for (const [i, path] of paths.entries()) {
      const draft = join(staging, `${i}${format.extension}`);
      if ((await format.without(owners, path, draft)) === 0) {
        await unlink(path);
      } else {
        await sync(draft);
        await rename(draft, path);
      }
      reach('rewritten');
      await sync(dirname(path));
    }
    await rm(staging, { recursive: true, force: true });
  }

  return {
    async check() {
      try {
        await mkdir(join(root, BOOKS), { recursive: true });
        await access(root, constants.W_OK);
      } catch (cause) {
        throw new FatalError(
          'sink_not_writable',
          `The export folder ${root} cannot be written: create it or change its permissions.`,
          {
            cause,
          },
        );
      }
      await claim(root, logId);
    },
    put: (rows, delivery) => serially(() => put(rows, delivery)),
    position: (partition) => serially(async () => (await logOf(partition).head()).commit?.to ?? START),
    erase: (owners) => serially(() => erase(owners)),
    close: () => serially(() => format.close()),
  };
}

/** The first export that uses a folder writes, at once or not at all, which log it reads: offsets mean nothing in another. */
async function claim(root: string, log: string): Promise<void> {
  const path = join(root, BOOKS, 'log');
  const drafts = await mkdtemp(join(root, BOOKS, 'claim-'));
  try {
    await writeFile(join(drafts, 'log'), log);
    await sync(join(drafts, 'log'));
    await link(join(drafts, 'log'), path);
    await sync(join(root, BOOKS));
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
  } finally {
    await rm(drafts, { recursive: true, force: true });
  }
  const theirs = await readFile(path, 'utf8');
  if (theirs === log) return;
  throw new FatalError(
    'another_log',
    `The export folder ${root} counts offsets of log ${theirs}, but the topics are log ${log}. Use an empty folder.`,
  );
}

async function partitions(root: string): Promise<number[]> {
  return (await readdir(join(root, BOOKS))).filter((name) => /^\d+$/.test(name)).map(Number);
}
