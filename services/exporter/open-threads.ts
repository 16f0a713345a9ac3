import { Worker } from 'node:worker_threads';
import { ProtocolError, type ProtocolErrorCode } from '../../protocol/index.ts';
import type { KeyRing } from './keys.ts';
import type { LiveBatch } from './live-batch.ts';
import { type OpenedBatch, openBatch } from './open-batch.ts';
import { type PackedBatch, packBatch } from './packed-batch.ts';

/** Batches that go to a thread in one message: a message costs two threads a change of what they do. */
export const TOGETHER = 8;

/** What goes to a thread, and what comes back: one answer a batch, in order. */
export interface OpenJob {
  readonly id: number;
  readonly packed: readonly PackedBatch[];
}
export type OpenAnswer =
  | { readonly id: number; readonly opened: readonly OpenedBatch[] }
  /** With the protocol's code, where one of its checks failed. */
  | { readonly id: number; readonly failed: string; readonly code?: ProtocolErrorCode | undefined };

/** Opens the batches of a stretch, one answer each, in order. */
export type OpenBatches = (
  batches: readonly LiveBatch[],
  scopes: readonly string[],
  keys: KeyRing,
) => AsyncIterable<OpenedBatch>;

/** On the thread that calls, each when it is asked for. */
export const openHere: OpenBatches = async function* open(batches, scopes, keys) {
  for (const batch of batches) yield openBatch(batch.value, scopes, (scope) => keys(batch, scope));
};

export interface OpenThreads {
  readonly open: OpenBatches;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (opened: readonly OpenedBatch[]) => void;
  readonly reject: (error: Error) => void;
}

const THREAD = new URL(import.meta.url.endsWith('.ts') ? './open-thread.ts' : './open-thread.js', import.meta.url);

/**
 * Decrypts and verifies on `count` threads in turn, while this one maps and writes what was opened before.
 * @param onDead a thread died, which is a bug: what it had in hand fails, and the process has to be started again
 * @param file what a thread runs
 */
export function startOpenThreads(count: number, onDead: (error: Error) => void, file = THREAD): OpenThreads {
  const waiting = new Map<number, Waiting>();
  const workers = Array.from({ length: count }, () => new Worker(file));
  let id = 0;
  let dead: Error | null = null;
  let closing = false;

  const die = (error: Error) => {
    if (closing || dead) return;
    dead = error;
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
    onDead(error);
  };

  for (const worker of workers) {
    worker.on('message', (answer: OpenAnswer) => {
      const one = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('opened' in answer) one?.resolve(answer.opened);
      else one?.reject(answer.code ? new ProtocolError(answer.code, 'in a thread') : new Error(answer.failed));
    });
    worker.on('error', die);
    // Out of memory or stopped from inside: there may be no error, only an end.
    worker.on('exit', (code) => die(new Error(`an opening thread ended with ${code}`)));
  }

  async function openThere(packed: readonly PackedBatch[]): Promise<readonly OpenedBatch[]> {
    try {
      return await new Promise<readonly OpenedBatch[]>((resolve, reject) => {
        if (dead) return reject(dead);
        id += 1;
        waiting.set(id, { resolve, reject });
        const moved = packed.flatMap(({ bytes, lengths }) => [bytes.buffer, lengths.buffer]);
        workers[id % count]?.postMessage({ id, packed } satisfies OpenJob, moved);
      });
    } finally {
      for (const { keys } of packed) keys.fill(0);
    }
  }

  return {
    async *open(batches, scopes, keys) {
      const pack = (batch: LiveBatch) => packBatch(batch.value, scopes, (scope) => keys(batch, scope));
      const opening: Promise<readonly OpenedBatch[]>[] = [];
      for (let at = 0; at < batches.length; at += TOGETHER)
        opening.push(openThere(batches.slice(at, at + TOGETHER).map(pack)));
      // Of several that fail the first is told; nobody waits for the others.
      for (const one of opening) one.catch(() => undefined);
      for (const one of opening) yield* await one;
    },
    async close() {
      closing = true;
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
