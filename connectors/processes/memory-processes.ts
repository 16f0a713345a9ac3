import type { ChildProcess, ProcessEnd, Processes } from '../../services/pipeline/ports/processes.ts';

/** One that lives until it is told to end. */
export interface MemoryProcess extends ChildProcess {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ends it by itself. */
  end(how: Partial<ProcessEnd>): void;
}

/** Memory twin of processes. @param onStart told of each; what it does may end it */
export const createMemoryProcesses = (onStart: (started: MemoryProcess) => void): Processes => ({
  start(name, env) {
    let resolve: (end: ProcessEnd) => void = () => undefined;
    const ended = new Promise<ProcessEnd>((done) => {
      resolve = done;
    });
    const end = (how: Partial<ProcessEnd>) => resolve({ code: null, signal: null, lastWords: null, ...how });
    const child = {
      ...{ name, env, ended, end },
      stop: () => end({ code: 0 }),
      kill: () => end({ signal: 'SIGKILL' }),
    };
    onStart(child);
    return child;
  },
});
