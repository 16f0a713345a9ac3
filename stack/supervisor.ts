import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { nodeArguments } from './built.ts';
import type { Keeper } from './keeper.ts';
import { textFrom } from './launch.ts';
import { freePort } from './port.ts';
import { answers } from './probe.ts';

export interface RoomExit {
  readonly room: string;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Events {
  start: [{ room: string; pid: number }];
  exit: [RoomExit];
}

export interface SupervisorOptions {
  readonly folder: string;
  readonly keeper: Keeper;
  /** Environment of every room; a room's own is added to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly backoff?: { readonly firstMs: number; readonly highestMs: number; readonly healthyMs: number };
  /** What to run for a room; `node` arguments. */
  readonly argumentsOf?: (room: string) => string[];
}

export interface Supervisor extends EventEmitter<Events> {
  /** Starts a room (or starts it anew with another environment) on a port that it keeps. Resolves once it was spawned. */
  start(room: string, env?: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves once `/readyz` answers 2xx. @throws with the tail of its log after `timeoutMs` */
  ready(room: string, timeoutMs?: number): Promise<void>;
  /** `http://127.0.0.1:port` of a room's API, health and metrics. */
  url(room: string): string;
  /** Process id, or null while it is down. */
  pid(room: string): number | null;
  /** Sends a signal; it is started again after its end, as after any end. @returns false when it is down */
  kill(room: string, signal?: NodeJS.Signals): boolean;
  /** How often it was started. */
  starts(room: string): number;
  logFile(room: string): string;
  /** Ends one room, or all of them, in order (SIGTERM, after 12 s SIGKILL), and does not start them again. */
  stop(room?: string): Promise<void>;
}

const BACKOFF = { firstMs: 250, highestMs: 10_000, healthyMs: 60_000 };
/** A room promises to end within 10 s. */
const STOP_GRACE_MS = 12_000;
const READY_TIMEOUT_MS = 60_000;
const TAIL_BYTES = 4_000;

interface Seat {
  readonly room: string;
  readonly port: number;
  /** The same at every start, so that a room that is started again is what it was. */
  readonly args: readonly string[];
  env: Readonly<Record<string, string>>;
  child: ChildProcess | null;
  ended: Promise<void>;
  wanted: boolean;
  starts: number;
  failures: number;
  timer?: NodeJS.Timeout;
}

const roomArguments = (room: string): string[] => nodeArguments(`services/${room}/main.ts`);

/** One process per room, started again with growing pauses however it ends. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { folder, keeper, backoff = BACKOFF, argumentsOf = roomArguments } = options;
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  const seats = new Map<string, Seat>();
  const events = new EventEmitter<Events>();
  const logFile = (room: string): string => join(logs, `${room}.log`);
  const seatOf = (room: string): Seat => {
    const seat = seats.get(room);
    if (!seat) throw new Error(`Room ${room} was never started.`);
    return seat;
  };

  function launch(seat: Seat): void {
    const began = performance.now();
    const child = keeper.spawn({
      command: process.execPath,
      args: seat.args,
      env: { ...process.env, ...options.env, DDC_HTTP_PORT: String(seat.port), ...seat.env },
      logFile: logFile(seat.room),
    });
    const pid = child.pid;
    if (pid === undefined) throw new Error(`Room ${seat.room} could not be spawned.`);
    seat.child = child;
    seat.starts++;
    seat.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (seat.child === child) seat.child = null;
        resolve();
        events.emit('exit', { room: seat.room, pid, code, signal });
        if (!seat.wanted || seat.child) return;
        seat.failures = performance.now() - began >= backoff.healthyMs ? 0 : seat.failures + 1;
        const pause = Math.min(backoff.highestMs, backoff.firstMs * 2 ** Math.max(0, seat.failures - 1));
        seat.timer = setTimeout(() => launch(seat), pause);
      });
    });
    events.emit('start', { room: seat.room, pid });
  }

  async function end(seat: Seat): Promise<void> {
    seat.wanted = false;
    clearTimeout(seat.timer);
    const { child } = seat;
    if (!child) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    await seat.ended;
    clearTimeout(timer);
  }

  const tail = (room: string): string => {
    const file = logFile(room);
    return existsSync(file) ? textFrom(file, Math.max(0, statSync(file).size - TAIL_BYTES)) : '';
  };

  return Object.assign(events, {
    async start(room: string, env: Readonly<Record<string, string>> = {}) {
      const known = seats.get(room);
      if (known) await end(known);
      const fresh = { child: null, ended: Promise.resolve(), wanted: true, starts: 0, failures: 0 };
      const seat: Seat = known ?? { room, port: await freePort(), args: argumentsOf(room), env, ...fresh };
      Object.assign(seat, { env, wanted: true, failures: 0 });
      seats.set(room, seat);
      launch(seat);
    },
    async ready(room: string, timeoutMs = READY_TIMEOUT_MS) {
      const url = `http://127.0.0.1:${seatOf(room).port}/readyz`;
      const deadline = performance.now() + timeoutMs;
      while (!(await answers(url))) {
        if (performance.now() > deadline) {
          throw new Error(
            `${room} was not ready after ${timeoutMs / 1000} s; last lines of ${logFile(room)}:\n${tail(room)}`,
          );
        }
        await wait(100);
      }
    },
    url: (room: string) => `http://127.0.0.1:${seatOf(room).port}`,
    pid: (room: string) => seatOf(room).child?.pid ?? null,
    kill: (room: string, signal: NodeJS.Signals = 'SIGKILL') => seatOf(room).child?.kill(signal) ?? false,
    starts: (room: string) => seatOf(room).starts,
    logFile,
    async stop(room?: string) {
      await Promise.all((room === undefined ? [...seats.values()] : [seatOf(room)]).map(end));
    },
  });
}
