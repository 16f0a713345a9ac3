import { defineMigration } from './define-migration.ts';

/** What an app lets partners attach to it. */
export interface ExportOffersTable {
  app: Uint8Array;
  scopes: string[];
  types: string[] | null;
  sinks: string[];
  /** Hex. */
  partners: string[] | null;
  /** Milliseconds since the epoch. */
  expires_at: number;
}

export default defineMigration(
  '211-export-offers',
  `
  CREATE TABLE export_offers (
    app bytea PRIMARY KEY CHECK (octet_length(app) = 32),
    scopes text[] NOT NULL,
    types text[],
    sinks text[] NOT NULL,
    partners text[],
    expires_at bigint NOT NULL
  );
  `,
);
