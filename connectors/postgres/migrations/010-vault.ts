import type { Generated } from 'kysely';
import { defineMigration } from './define-migration.ts';

export interface UserRootsTable {
  app: Uint8Array;
  wallet: Uint8Array;
  root_version: number;
  /** The user root wrapped with a KEK; no bytes once it was overwritten by an erasure. */
  wrapped: Uint8Array;
  epoch: Generated<number>;
  mode: Generated<'service' | 'client'>;
  /** In client mode what the client named: it cannot be derived from the root, which only opens the transit seal. */
  subject: Uint8Array | null;
  created: Generated<Date>;
  /** Made for a move that has not come yet: counts for nothing until then. */
  prepared: Generated<boolean>;
}

export default defineMigration(
  '010-vault',
  `
  CREATE TABLE user_roots (
    app bytea NOT NULL CHECK (octet_length(app) = 32),
    wallet bytea NOT NULL CHECK (octet_length(wallet) = 32),
    root_version integer NOT NULL CHECK (root_version > 0),
    wrapped bytea NOT NULL,
    epoch bigint NOT NULL DEFAULT 0 CHECK (epoch BETWEEN 0 AND 4294967295),
    mode text NOT NULL DEFAULT 'service' CHECK (mode IN ('service', 'client')),
    subject bytea CHECK (octet_length(subject) = 32),
    created timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app, wallet, root_version),
    CHECK ((mode = 'client') = (subject IS NOT NULL))
  );
  `,
);
