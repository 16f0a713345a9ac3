import { defineMigration } from './define-migration.ts';

export interface ReplaysTable {
  id: string;
  /** Counts its changes: each names the version that it was made from. */
  version: number;
  /** The job as JSON; see `ReplayJob`. */
  job: unknown;
}

/** Replay jobs, and the batches of an app in the order of the log, as a replay reads them. */
export default defineMigration(
  '250-replays',
  `
  CREATE TABLE replays (
    id text PRIMARY KEY,
    version integer NOT NULL,
    job jsonb NOT NULL
  );
  CREATE INDEX batches_in_order ON batches (app, partition, origin);
  `,
);
