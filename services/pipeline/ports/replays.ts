import type { DeclaredBy } from './exports.ts';

/** `paused`, `cancelled`: by order. `failed`: no repetition mends it; it goes on when it is resumed. `done` and `cancelled` are the end. */
export type ReplayState = 'pending' | 'running' | 'paused' | 'cancelled' | 'done' | 'failed';

/** Where the rows go: into the sink of an export, which goes on there, or into one that is the job's alone. */
export type ReplayTarget = { readonly kind: 'export'; readonly name: string } | { readonly kind: 'sink' };

/** What a replay reads and where it puts it. Never changes once the job is made. */
export interface ReplaySpec {
  /** Lower-case hex, like `wallet`. */
  readonly app: string;
  /** null: of every wallet. */
  readonly wallet: string | null;
  /** null: of every type. */
  readonly types: readonly string[] | null;
  /** Event time, milliseconds since the epoch: `from` ≤ time < `to`; null: without that end. */
  readonly from: number | null;
  readonly to: number | null;
  readonly scopes: readonly string[];
  readonly target: ReplayTarget;
  /** `typed`: columns where the type has a schema. `text`: one text column a scope. */
  readonly schema: 'typed' | 'text';
  /** The sink by its name, and its configuration: secrets are references in it. */
  readonly sink: { readonly name: string; readonly config: Readonly<Record<string, unknown>> };
  /** Who declared the export, or asked for the job: says whose secrets it may name, and with whose keys it reads. */
  readonly by: DeclaredBy;
  /** Events a second; null: as fast as it goes. */
  readonly rate: number | null;
  /** Of the time of one core; null: as much as it takes. */
  readonly cpuShare: number | null;
  /** The machine whose disk it writes to, and which alone works on it; null: any. */
  readonly host: string | null;
}

/** What was read from one place. */
export interface Read {
  readonly batches: number;
  readonly events: number;
}

export interface PartitionProgress {
  /** Last origin whose rows the target has; −1 before the first. */
  readonly mark: number;
  /** Last origin that the job reads: what was pinned when it was made. */
  readonly until: number;
  /** From Kafka. */
  readonly log: Read;
  /** From the index and IPFS. */
  readonly index: Read;
}

/** What a running job has done. The marks are the target's own; counts may miss what was under way when a process was killed. */
export interface ReplayProgress {
  readonly partitions: Readonly<Record<string, PartitionProgress>>;
  readonly rows: number;
}

export interface ReplayJob {
  readonly id: string;
  readonly spec: ReplaySpec;
  readonly state: ReplayState;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** When, after its end, its consumer group and its name among those at work were taken away; null: not yet. */
  readonly clearedAt: number | null;
  /** When its target was found to hold nothing but what is the job's own, and reading began; null: not yet. */
  readonly claimedAt: number | null;
  /** Who works on it, and until when that is believed without hearing of it. */
  readonly lease: { readonly holder: string; readonly until: number } | null;
  /** When the one who works on it took it, and how many origins were behind it then: what its speed is told by. */
  readonly run: { readonly at: number; readonly origins: number } | null;
  readonly progress: ReplayProgress;
  /** Why it failed, or what it waits for. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface VersionedReplay {
  readonly version: number;
  readonly job: ReplayJob;
}

/** Replay jobs. What may happen to one is decided in one place (`pipeline/replays/job.ts`); here a job is only kept. */
export interface Replays {
  /** @throws FatalError `replay_exists` */
  add(job: ReplayJob): Promise<void>;
  find(id: string): Promise<VersionedReplay | null>;
  /** The last made first. @param app hex: of this app alone */
  list(limit: number, app?: string): Promise<readonly VersionedReplay[]>;
  /** Those that are pending or running, the first made first. */
  waiting(limit: number): Promise<readonly VersionedReplay[]>;
  /** Those that are over and not cleared, the first made first. */
  uncleared(limit: number): Promise<readonly VersionedReplay[]>;
  /** Those into exports of which not all is over and taken away: somebody may be at work on the target. The first made first. */
  intoExports(): Promise<readonly VersionedReplay[]>;
  /**
   * One that is over and had a target of its own is asked for removals no more.
   * @returns false when the job has another version by now
   */
  change(id: string, version: number, job: ReplayJob): Promise<boolean>;
}
