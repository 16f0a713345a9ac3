import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../clock.ts';
import { collectAloneOnOneCore } from './one-core.ts';

/** The process around a room: the one place of the corridor where the environment, the clock and randomness come in. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Fits the process to the machine, before anything else. */
  tune(): void;
  exit(code: number): void;
  /** SIGKILL to itself, for fault tests. */
  kill(): void;
  onSignal(signal: 'SIGTERM' | 'SIGINT', handler: () => void): void;
  onUncaught(handler: (error: unknown) => void): void;
}

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', abort, { once: true });
    }),
};

const random: Random = {
  float: () => Math.random(),
  bytes: (length) => new Uint8Array(randomBytes(length)),
};

/** The real process. */
export const processHost: Host = {
  env: process.env,
  clock,
  random,
  tune: collectAloneOnOneCore,
  exit: (code) => process.exit(code),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  onSignal: (signal, handler) => {
    process.on(signal, handler);
    // Started by a supervisor that is gone: nobody would stop this process any more when it should.
    if (signal === 'SIGTERM' && process.connected) process.once('disconnect', handler);
  },
  onUncaught: (handler) => {
    process.on('uncaughtException', handler);
    process.on('unhandledRejection', handler);
  },
};
