import type { Generated } from 'kysely';
import { defineMigration } from './define-migration.ts';

/** Exports as they were declared. That one ever ran is in `exports` (`050-erasing`), also of those that are not declared. */
export interface DeclaredExportsTable {
  id: Generated<number>;
  name: string;
  app: Uint8Array;
  /** null: all. */
  types: string[] | null;
  scopes: string[];
  sink: string;
  config: unknown;
  schema: 'typed' | 'text';
  /** `beginning`, `now`, or milliseconds since the epoch. */
  start: string;
  /** Positions by partition. */
  starts: unknown;
  declared_by: string;
  state: 'running' | 'paused' | 'ending';
  created_at: Generated<Date>;
}

export interface ExportStatusTable {
  export: number;
  partition: number;
  next: number;
  mark: number;
  rows: number;
  /** Milliseconds since the epoch. */
  at: number;
  trouble: unknown | null;
}

export interface ExportRunsTable {
  export: number;
  state: 'up' | 'waiting' | 'down';
  starts: number;
  /** Milliseconds since the epoch. */
  at: number;
  trouble: unknown | null;
}

export default defineMigration(
  '210-declared-exports',
  `
  CREATE TABLE declared_exports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    app bytea NOT NULL CHECK (octet_length(app) = 32),
    types text[],
    scopes text[] NOT NULL,
    sink text NOT NULL,
    config jsonb NOT NULL,
    schema text NOT NULL,
    start text NOT NULL,
    starts jsonb NOT NULL,
    declared_by text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'paused', 'ending')),
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE export_status (
    export bigint NOT NULL REFERENCES declared_exports ON DELETE CASCADE,
    partition integer NOT NULL,
    next bigint NOT NULL DEFAULT 0,
    mark bigint NOT NULL DEFAULT -1,
    rows bigint NOT NULL DEFAULT 0,
    at bigint NOT NULL,
    trouble jsonb,
    PRIMARY KEY (export, partition)
  ) WITH (fillfactor = 50);
  CREATE TABLE export_runs (
    export bigint PRIMARY KEY REFERENCES declared_exports ON DELETE CASCADE,
    state text NOT NULL,
    starts integer NOT NULL,
    at bigint NOT NULL,
    trouble jsonb
  );
  `,
);
