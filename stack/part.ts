import type { Keeper } from './keeper.ts';
import type { Progress } from './prepare.mjs';

export type PartName = 'kafka' | 'registry' | 'postgres' | 'ipfs' | 'chain';
export type PartEnv = 'KAFKA_BROKERS' | 'SCHEMA_REGISTRY_URL' | 'DATABASE_URL' | 'IPFS_API' | 'CHAIN_RPC';
/** How a part came to be: its variable was set, a container, or a process of this machine. */
export type Way = 'given' | 'compose' | 'native';

/** A part that runs. Port and stored state survive `kill` and `restart`. */
export interface RunningPart {
  readonly name: PartName;
  readonly way: Way;
  /** The value of the part's variable. */
  readonly url: string;
  /** Process id of a native part that runs now; null otherwise. */
  pid(): number | null;
  /** In order, all state written. Resolves once it has ended; does nothing when it does not run. */
  stop(): Promise<void>;
  /** As a power cut: SIGKILL. Resolves once it has ended. */
  kill(): Promise<void>;
  /** Starts it again (after stopping it, when it runs). Resolves once it answers. */
  restart(): Promise<void>;
}

export interface StartOptions {
  /** This run's folder; the part uses `<folder>/<name>` and logs to `<folder>/logs/<name>.log`. */
  readonly folder: string;
  readonly keeper: Keeper;
  readonly progress: Progress;
  /** JVM parts compile with both compilers: slower to start, right for benchmarks. */
  readonly fullSpeed?: boolean;
}

/** How one external system is brought up natively, and what it is called in the environment and in `docker-compose.yml`. */
export interface Part {
  readonly name: PartName;
  readonly env: PartEnv;
  /** Turns the address `host:port` of its published container port into the value of its variable. */
  url(address: string): string;
  /** The port inside its container. */
  readonly containerPort: number;
  /** Downloads and builds into the cache folder; quick when that was done before. */
  prepare(progress: Progress): Promise<void>;
  /** @throws StackError when it does not come up. */
  start(options: StartOptions): Promise<RunningPart>;
}

/** A part that did not come up: the message names it and ends with the tail of its log. */
export class StackError extends Error {
  override readonly name = 'StackError';
  readonly part: PartName;

  constructor(part: PartName, problem: string, logTail = '') {
    super(`${part}: ${problem}${logTail ? `\n--- last lines of its log ---\n${logTail}` : ''}`);
    this.part = part;
  }
}
