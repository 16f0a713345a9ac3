import { defineMigration } from './define-migration.ts';

/** One event that was removed by its id: the last removal that did. */
export interface RemovedEventsTable {
  app: Uint8Array;
  wallet: Uint8Array;
  /** Event id. */
  event: string;
  /** Of the signed request, milliseconds since the epoch. */
  issued_at: number;
  /** Of the signed request, 16 bytes. */
  removal: Uint8Array;
}

export interface RemovedSessionsTable {
  app: Uint8Array;
  wallet: Uint8Array;
  /** SHA-256, see `rules/removal.ts`: the name is not kept. */
  session: Uint8Array;
  issued_at: number;
  removal: Uint8Array;
}

export interface RemovedRangesTable {
  app: Uint8Array;
  wallet: Uint8Array;
  /** Milliseconds since the epoch: time_from ≤ time < time_to. */
  time_from: number;
  time_to: number;
  issued_at: number;
  removal: Uint8Array;
}

/** What removals select, laid out to be looked up; `removals.selector` says the same by removal. */
export default defineMigration(
  '120-removed-events',
  `
  CREATE TABLE removed_events (
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    event uuid NOT NULL,
    issued_at bigint NOT NULL,
    removal bytea NOT NULL,
    PRIMARY KEY (app, wallet, event)
  );
  CREATE TABLE removed_sessions (
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    session bytea NOT NULL CHECK (octet_length(session) = 32),
    issued_at bigint NOT NULL,
    removal bytea NOT NULL,
    PRIMARY KEY (app, wallet, session)
  );
  CREATE TABLE removed_ranges (
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    time_from bigint NOT NULL,
    time_to bigint NOT NULL,
    issued_at bigint NOT NULL,
    removal bytea NOT NULL,
    PRIMARY KEY (app, wallet, time_from, time_to, removal)
  );
  CREATE INDEX removals_listed ON removals (app, wallet, issued_at DESC, id DESC);
  ALTER TABLE removal_reports ADD COLUMN rows bigint NOT NULL DEFAULT 0;
  `,
);
