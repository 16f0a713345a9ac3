import { defineMigration } from './define-migration.ts';

/** How far a log of removals has been taken in; goes back with the database when that is restored. */
export interface RemovalLogTable {
  /** Id of the log, 16 bytes. */
  log: Uint8Array;
  next: number;
}

export default defineMigration(
  '070-removal-log',
  `
  CREATE TABLE removal_log (
    log bytea PRIMARY KEY CHECK (octet_length(log) = 16),
    next bigint NOT NULL
  );
  `,
);
