/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Of its last log line that said why, if it said so. */
  readonly lastWords: { readonly code: string; readonly message: string } | null;
}

/** A process that this one has started. It ends when this one is gone, however that went. */
export interface ChildProcess {
  readonly ended: Promise<ProcessEnd>;
  /** Asks it to finish what it has in hand, and to end. */
  stop(): void;
  /** Ends it now. */
  kill(): void;
}

/** Starts processes of one kind. */
export interface Processes {
  /** @param name shown with what it logs. @param env beside this process' own */
  start(name: string, env: Readonly<Record<string, string>>): ChildProcess;
}
