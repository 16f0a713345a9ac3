import type { Generated } from 'kysely';
import { defineMigration } from './define-migration.ts';

export interface RemovalReceiptsTable {
  app: Uint8Array;
  wallet: Uint8Array;
  id: Uint8Array;
  /** From 1; a later one replaces none. */
  n: number;
  receipt: unknown;
}

/** Exports that have ever run: an erasure asks each that may hold rows of its owner. */
export interface ExportsTable {
  name: string;
  /** null: of all apps. */
  app: Uint8Array | null;
  started_at: Generated<Date>;
}

export interface RemovalReportsTable {
  app: Uint8Array;
  wallet: Uint8Array;
  id: Uint8Array;
  reporter: string;
  /** Of a removal of single events: rows that the export had and deleted (`120-removed-events`). */
  rows: Generated<number>;
  reported_at: Generated<Date>;
}

export default defineMigration(
  '050-erasing',
  `
  ALTER TABLE removals DROP CONSTRAINT removals_pkey;
  ALTER TABLE removals ADD PRIMARY KEY (app, wallet, id);
  ALTER TABLE removals ADD COLUMN sent_at bigint;
  ALTER TABLE removals ADD COLUMN pending text[] NOT NULL DEFAULT '{}';
  CREATE INDEX removals_open ON removals (issued_at) WHERE state <> 'done' OR pending <> '{}';
  CREATE TABLE removal_receipts (
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    id bytea NOT NULL,
    n integer NOT NULL,
    receipt jsonb NOT NULL,
    PRIMARY KEY (app, wallet, id, n)
  );
  CREATE TABLE exports (
    name text PRIMARY KEY,
    app bytea,
    started_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE removal_reports (
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    id bytea NOT NULL,
    reporter text NOT NULL,
    reported_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app, wallet, id, reporter)
  );
  `,
);
