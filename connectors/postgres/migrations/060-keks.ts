import type { Generated } from 'kysely';
import { defineMigration } from './define-migration.ts';

/** The lives of key-encryption keys; never a key. */
export interface KeksTable {
  version: number;
  first_seen: Generated<Date>;
  /** A later version became the current one. */
  retired_at: Date | null;
  destroyed_at: Date | null;
}

export default defineMigration(
  '060-keks',
  `
  CREATE TABLE keks (
    version bigint PRIMARY KEY CHECK (version > 0),
    first_seen timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    destroyed_at timestamptz
  );
  `,
);
