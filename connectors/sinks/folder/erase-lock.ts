import { mkdir, mkdtemp, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SinkContext } from '../../../services/pipeline/define-sink.ts';
import { discard, TAKING } from './durable.ts';
import { BOOKS } from './layout.ts';
import { exists, failedWith, namesIn, unlessGone } from './tolerant.ts';

/** A member that holds the lock says this often that it lives; one that has not for the lease is taken for dead. Milliseconds. */
const BEAT_MS = 500;
const LEASE_MS = 3_000;
const LOOK_MS = 50;

/** Lets one member of an export at a time change files that others have placed. */
export interface EraseLock {
  /**
   * Runs `work` while nobody else does; again from its beginning when it was taken for dead meanwhile.
   * @param work is given a folder for drafts. All that it changes it must change by moving a file out of that folder or into it: a member
   *   that slept finds the folder gone, so it can change nothing any more, whatever it had decided.
   */
  hold<T>(work: (drafts: string) => Promise<T>): Promise<T>;
  /** Whether somebody holds it now who may be alive: has said so since this was asked first, or was asked first not long ago. */
  held(): Promise<boolean>;
}

/**
 * `_ddc/erasing/<holder>/`: the lock is that folder, and the drafts are in it. It is taken by moving a folder with a holder in it to
 * `erasing`, which fails while one stands there that is not empty; given back, or taken away, by moving that holder out. Time decides only
 * when to take it away, never what happens to the files.
 */
export function eraseLock(root: string, reach: NonNullable<SinkContext['reach']>): EraseLock {
  const books = join(root, BOOKS);
  const lock = join(books, 'erasing');
  let beats = 0;

  async function remove(holder: string): Promise<void> {
    await discard(root, join(lock, holder), holder);
    try {
      await rmdir(lock);
    } catch (error) {
      if (!failedWith(error, 'ENOENT', 'ENOTEMPTY')) throw error;
    }
  }

  /** What the holder last set the time of its folder to: it counts, so a change of it is all that can be told. */
  async function lastBeat(holder: string): Promise<number | null> {
    let beat: number | null = null;
    await unlessGone(
      stat(join(lock, holder)).then((found) => {
        beat = found.mtimeMs;
      }),
    );
    return beat;
  }

  async function beat(drafts: string): Promise<void> {
    try {
      await reach('beating');
      beats += 1;
      await utimes(drafts, beats, beats);
    } catch {
      // Changes nothing: if the lock is lost, the next draft finds out.
    }
  }

  async function prepare(): Promise<string> {
    const claim = await mkdtemp(join(books, TAKING));
    await mkdir(join(claim, basename(claim)));
    return claim;
  }

  /** Waits until the lock is free or its holder silent for the lease. @returns the holder's folder */
  async function take(): Promise<string> {
    let claim = await prepare();
    let seen = { holder: '', beat: null as number | null, at: performance.now() };
    try {
      for (;;) {
        try {
          await rename(claim, lock);
          return basename(claim);
        } catch (error) {
          // Whoever clears away what dead ones prepared cannot tell them from those who wait.
          if (failedWith(error, 'ENOENT')) claim = await prepare();
          else if (!failedWith(error, 'ENOTEMPTY', 'EEXIST')) throw error;
        }
        const [other = ''] = await namesIn(lock);
        const beat = await lastBeat(other);
        if (seen.holder !== other || seen.beat !== beat) seen = { holder: other, beat, at: performance.now() };
        else if (performance.now() - seen.at > LEASE_MS) await remove(other);
        await pause(LOOK_MS);
      }
    } finally {
      await rm(claim, { recursive: true, force: true });
    }
  }

  let met = { holder: '', beat: null as number | null, at: 0 };
  async function held(): Promise<boolean> {
    const [holder] = await namesIn(lock);
    if (holder === undefined) return false;
    const beat = await lastBeat(holder);
    if (met.holder !== holder || met.beat !== beat) met = { holder, beat, at: performance.now() };
    return performance.now() - met.at <= LEASE_MS;
  }

  return {
    held,
    async hold(work) {
      for (;;) {
        const holder = await take();
        const drafts = join(lock, holder);
        const beating = setInterval(() => void beat(drafts), BEAT_MS).unref();
        try {
          return await work(drafts);
        } catch (error) {
          if (await exists(drafts)) throw error;
        } finally {
          clearInterval(beating);
          await remove(holder);
        }
      }
    },
  };
}
