/** When the sandbox chain makes a block (milliseconds after the last one, or after the reason arose). */
const POLICY = {
  /** A transaction waits: soon, but together with others that arrive at the same moment. */
  transactionMs: 100,
  /** After a block with transactions come two empty ones, so that it gets 2 deep. */
  followUps: 2,
  followUpMs: 50,
  /** Somebody keeps sending bytes that the pool refuses: an outbox row is unresolved and waits for its era to pass. */
  unresolvedMs: 3_000,
  idleMs: 30_000,
} as const;

export interface BlockPolicy {
  /** The pool has taken a transaction. */
  transaction(): void;
  /** The pool has refused a transaction (stale, bad proof, …): somebody is trying to resolve it. */
  refused(): void;
  /** While paused nothing is built but by `dev_newBlock`. */
  pause(paused: boolean): void;
  stop(): void;
}

/**
 * Decides when blocks are made. One timer, always set to the earliest reason; a block that failed is tried again after `unresolvedMs`.
 * @param build makes one block and says whether it holds transactions
 */
export function startBlockPolicy(build: () => Promise<boolean>, onError: (error: unknown) => void): BlockPolicy {
  let timer: NodeJS.Timeout | undefined;
  let due = Number.POSITIVE_INFINITY;
  let last = performance.now();
  let building = false;
  let again = false;
  let paused = false;
  let stopped = false;
  // a chain that comes back may have its newest transaction in its head: make it 2 deep
  let owed: number = POLICY.followUps;

  function arm(at: number): void {
    if (stopped || paused || at >= due) return;
    due = at;
    clearTimeout(timer);
    timer = setTimeout(run, Math.max(0, at - performance.now()));
  }

  function run(): void {
    due = Number.POSITIVE_INFINITY;
    if (building) return;
    building = true;
    build()
      .then((hadTransactions) => {
        owed = hadTransactions ? POLICY.followUps : Math.max(0, owed - 1);
        last = performance.now();
        if (again) arm(last + POLICY.transactionMs);
        arm(last + (owed > 0 ? POLICY.followUpMs : POLICY.idleMs));
      })
      .catch((error: unknown) => {
        onError(error);
        last = performance.now();
        arm(last + POLICY.unresolvedMs);
      })
      .finally(() => {
        building = false;
        again = false;
      });
  }

  arm(last + POLICY.followUpMs);
  return {
    transaction() {
      if (building) again = true;
      else arm(performance.now() + POLICY.transactionMs);
    },
    refused() {
      if (!building) arm(last + POLICY.unresolvedMs);
    },
    pause(value) {
      paused = value;
      if (paused) {
        clearTimeout(timer);
        due = Number.POSITIVE_INFINITY;
      } else arm(performance.now() + POLICY.transactionMs);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
