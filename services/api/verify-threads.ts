import { Worker } from 'node:worker_threads';
import { ProtocolError, type ProtocolErrorCode } from '../../protocol/index.ts';
import { createVerify, type Verified, type Verify } from './verify.ts';

/** What goes to a thread, and what comes back. */
export interface VerifyJob {
  readonly id: number;
  readonly body: Uint8Array;
  readonly format: 'ndjson' | 'json';
  readonly now: number;
}
export type VerifyAnswer =
  | { readonly id: number; readonly verified: Verified }
  | { readonly id: number; readonly refused: { readonly code: ProtocolErrorCode; readonly line: number | undefined } }
  | { readonly id: number; readonly failed: string };

export interface VerifyThreads {
  readonly count: number;
  readonly verify: Verify;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (verified: Verified) => void;
  readonly reject: (error: Error) => void;
}

const THREAD = new URL(import.meta.url.endsWith('.ts') ? './verify-thread.ts' : './verify-thread.js', import.meta.url);

/**
 * Verifies on `count` threads in turn; 0: on the thread that calls.
 * @param onDead a thread died, which is a bug: what it had in hand fails, and the process has to be started again
 * @param file what a thread runs
 */
export async function startVerifyThreads(
  count: number,
  network: string,
  now: () => number,
  onDead: (error: Error) => void,
  file = THREAD,
): Promise<VerifyThreads> {
  if (count === 0) return { count, verify: createVerify(network, now), close: async () => undefined };
  const waiting = new Map<number, Waiting>();
  const workers = Array.from({ length: count }, () => new Worker(file, { workerData: { network } }));
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
    worker.on('message', (answer: VerifyAnswer) => {
      const one = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('verified' in answer) one?.resolve(answer.verified);
      else if ('refused' in answer) one?.reject(new ProtocolError(answer.refused.code, undefined, answer.refused.line));
      else one?.reject(new Error(answer.failed));
    });
    worker.on('error', die);
    // Out of memory or stopped from inside: there may be no error, only an end.
    worker.on('exit', (code) => die(new Error(`a verifying thread ended with ${code}`)));
  }

  return {
    count,
    async verify(body, format, admit) {
      if (dead) throw dead;
      const verified = await new Promise<Verified>((resolve, reject) => {
        id += 1;
        waiting.set(id, { resolve, reject });
        workers[id % count]?.postMessage({ id, body, format, now: now() } satisfies VerifyJob);
      });
      await admit(verified);
      return verified;
    },
    async close() {
      closing = true;
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
