import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { type CommitLog, commitLog } from '../folder/commit-log.ts';
import { emptyTrash } from '../folder/durable.ts';
import { type EraseLock, eraseLock } from '../folder/erase-lock.ts';
import { BOOKS } from '../folder/layout.ts';
import { namesIn } from '../folder/tolerant.ts';

/** What is kept of one partition: its positions, and who delivers. */
export interface PartitionState {
  readonly log: CommitLog;
  readonly lock: EraseLock;
}

/** Positions in a folder, `p<partition>/` each: a URL keeps none. The same commit log and lock as of sinks that write files, without files. */
export function partitionStates(root: string, reach: NonNullable<SinkContext['reach']>) {
  const known = new Map<number, Promise<PartitionState>>();

  async function open(partition: number): Promise<PartitionState> {
    const folder = join(root, `p${partition}`);
    await mkdir(join(folder, BOOKS), { recursive: true });
    const log = commitLog(folder, partition, reach);
    await log.begin();
    return { log, lock: eraseLock(folder, reach) };
  }

  function of(partition: number): Promise<PartitionState> {
    const state = known.get(partition) ?? open(partition);
    known.set(partition, state);
    // A folder that could not be made is made the next time.
    state.catch(() => known.delete(partition));
    return state;
  }

  async function all(): Promise<PartitionState[]> {
    const numbers = (await namesIn(root)).flatMap((name) => /^p(\d+)$/.exec(name)?.[1] ?? []);
    return Promise.all(numbers.map((number) => of(Number(number))));
  }

  return {
    of,
    all,
    /** Deletes what those left behind who died. */
    async sweep() {
      for (const { log } of await all()) await log.sweep();
      for (const name of await namesIn(root)) if (/^p\d+$/.test(name)) await emptyTrash(join(root, name));
      await emptyTrash(root);
    },
  };
}
