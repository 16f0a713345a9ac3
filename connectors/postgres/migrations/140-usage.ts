import { defineMigration } from './define-migration.ts';

export interface UsageTable {
  app: Uint8Array;
  /** Begin of the period, milliseconds since the epoch. */
  period: number;
  /** Events accepted in it. */
  operations: number;
}

/** What apps have used of their quota, and from where browsers may call for them. */
export default defineMigration(
  '140-usage',
  `
  CREATE TABLE usage (
    app bytea NOT NULL CHECK (octet_length(app) = 32),
    period bigint NOT NULL,
    operations bigint NOT NULL CHECK (operations >= 0),
    PRIMARY KEY (app, period)
  );
  ALTER TABLE apps ADD COLUMN origins text[] NOT NULL DEFAULT '{}';
  `,
);
