import { defineMigration } from './define-migration.ts';

export interface PositionsTable {
  stage: string;
  partition: number;
  /** Id of the log in whose offsets `next` and `mark` are counted. */
  log: Uint8Array;
  next: number;
  mark: number;
}

export interface CrashesTable {
  stage: string;
  partition: number;
  log: Uint8Array;
  next: number;
  n: number;
}

export interface ParkedTable {
  stage: string;
  partition: number;
  log: Uint8Array;
  next: number;
}

export default defineMigration(
  '001-positions',
  `
  CREATE TABLE positions (
    stage text NOT NULL,
    partition integer NOT NULL,
    log bytea NOT NULL,
    next bigint NOT NULL,
    mark bigint NOT NULL,
    PRIMARY KEY (stage, partition)
  ) WITH (fillfactor = 50);
  CREATE TABLE crashes (
    stage text NOT NULL,
    partition integer NOT NULL,
    log bytea NOT NULL,
    next bigint NOT NULL,
    n integer NOT NULL,
    PRIMARY KEY (stage, partition)
  );
  CREATE TABLE parked (
    stage text NOT NULL,
    partition integer NOT NULL,
    log bytea NOT NULL,
    next bigint NOT NULL,
    PRIMARY KEY (stage, partition, log, next)
  );
  `,
);
