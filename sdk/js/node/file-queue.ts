import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BatchQueue } from '../queue/batch-queue.ts';
import { linesOf, readJournal } from '../queue/journal-lines.ts';
import { type Journal, JournaledQueue } from '../queue/journaled-queue.ts';
import { newQueue, type QueueChange, type QueueOwner, type QueueState } from '../queue/queue-state.ts';
import { takeLock } from './lock.ts';

/** The events are in it as they are, so nobody else on this machine may read it. */
const MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * A queue in files, one for each wallet in an app: batches outlive `kill -9` and a loss of power, and are delivered by the next process that opens the
 * queue, each once. **The events are in it in the clear**, readable by this user only, until they are safe and the file is
 * written anew (at the next opening, or a megabyte of history); keep the folder where you would keep them.
 * For Node; local disks only, no network shares.
 * @param folder made when it is not there
 * @example
 * import { Ddc } from '@cere-ddc/sdk';
 * import { fileQueue } from '@cere-ddc/sdk/node';
 *
 * const ddc = await Ddc.connect({ url, app, account, queue: fileQueue('./outbox') });
 * const sent = ddc.record('PURCHASE', { purchase: { dollars: 29.33 } });
 * await sent.queued; // on the disk: it will be delivered, whatever happens to this process
 * await sent; // indexed
 */
export function fileQueue(folder: string): BatchQueue {
  return {
    async open(owner, newSource) {
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
      const path = join(folder, `${owner.network}-${owner.app.slice(0, 16)}-${owner.wallet.slice(0, 16)}.queue`);
      const release = await takeLock(`${path}.lock`);
      try {
        const text = await textOf(path);
        const state = text === null ? newQueue(newSource) : readJournal(text, owner, path);
        const journal = new FileJournal(path, owner, folder, release);
        // What a crash left behind the last whole line goes with it.
        await journal.rewrite(state);
        return new JournaledQueue(state, journal);
      } catch (error) {
        await release();
        throw error;
      }
    },
  };
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** One change a line. Written anew it is complete under another name before it takes the place of the old one. */
class FileJournal implements Journal {
  readonly #path: string;
  readonly #owner: QueueOwner;
  readonly #folder: string;
  readonly #release: () => Promise<void>;
  #file: FileHandle | null = null;
  #size = 0;
  /** A write has failed, and what it left could not be cut off: nothing may stand behind that. */
  #torn = false;

  constructor(path: string, owner: QueueOwner, folder: string, release: () => Promise<void>) {
    this.#path = path;
    this.#owner = owner;
    this.#folder = folder;
    this.#release = release;
  }

  get size(): number {
    return this.#size;
  }

  async append(changes: readonly QueueChange[], durable: boolean): Promise<void> {
    const file = this.#file;
    if (!file) throw new Error(`${this.#path} is closed`);
    const bytes = Buffer.from(changes.map((change) => `${JSON.stringify(change)}\n`).join(''));
    if (this.#torn) await this.#cut(file);
    try {
      this.#torn = true;
      let written = 0;
      while (written < bytes.length)
        written += (await file.write(bytes, written, bytes.length - written, this.#size + written)).bytesWritten;
      if (durable) await file.datasync();
      this.#torn = false;
      this.#size += bytes.length;
    } catch (error) {
      // Tried again before the next write where it fails now.
      await this.#cut(file).catch(() => undefined);
      throw error;
    }
  }

  async rewrite(state: QueueState): Promise<void> {
    const bytes = Buffer.from(
      linesOf(this.#owner, state)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const draft = `${this.#path}.new`;
    await rm(draft, { force: true });
    const file = await open(draft, 'wx+', MODE);
    try {
      await file.writeFile(bytes);
      await file.datasync();
      await rename(draft, this.#path);
    } catch (error) {
      await file.close();
      throw error;
    }
    const before = this.#file;
    this.#file = file;
    this.#size = bytes.length;
    this.#torn = false;
    await before?.close();
    await this.#nameIsDurable();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    await this.#release();
  }

  async #cut(file: FileHandle): Promise<void> {
    await file.truncate(this.#size);
    this.#torn = false;
  }

  /** That a file has this name is kept by its folder. */
  async #nameIsDurable(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
