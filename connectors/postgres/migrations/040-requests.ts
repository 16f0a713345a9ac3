import type { Generated } from 'kysely';
import { defineMigration } from './define-migration.ts';

export interface RequestsTable {
  /** Zeros in a certificate. */
  app: Uint8Array;
  wallet: Uint8Array;
  /** 16 bytes. */
  id: Uint8Array;
  kind: string;
  /** BLAKE2b-256 of the signed message: the same id with another hash is a clash. */
  hash: Uint8Array;
  /** The JSON form; null once an erasure made us forget what the owner had said about readers. */
  request: unknown | null;
  /** What it was answered, the first time and every time; null once it is forgotten. */
  answer: unknown | null;
  /** Of grants, policies and certificates: milliseconds since the epoch. */
  expires_at: number | null;
  /** Of certificates: the certified key. */
  x25519: Uint8Array | null;
  /** Of revocations: what they end (`100-revokes`). */
  revokes: Uint8Array | null;
  /** The end of this grant or policy has begun a new epoch, or needs none. */
  answered: Generated<boolean>;
  accepted_at: Generated<Date>;
}

export interface KeyAccessesTable {
  app: Uint8Array;
  wallet: Uint8Array;
  reader: string;
  scope: string;
  root_version: number;
  epoch: number;
  /** Id of the grant, policy or keys request that allowed it. */
  by: Uint8Array;
  /** Milliseconds since the epoch. */
  first: number;
  last: number;
  times: Generated<number>;
}

export default defineMigration(
  '040-requests',
  `
  CREATE TABLE requests (
    app bytea NOT NULL CHECK (octet_length(app) = 32),
    wallet bytea NOT NULL CHECK (octet_length(wallet) = 32),
    id bytea NOT NULL CHECK (octet_length(id) = 16),
    kind text NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    request jsonb,
    answer jsonb,
    expires_at bigint,
    x25519 bytea CHECK (octet_length(x25519) = 32),
    answered boolean NOT NULL DEFAULT false,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app, wallet, id)
  );
  CREATE INDEX requests_consent ON requests (app, wallet, kind)
    WHERE kind IN ('grant', 'policy', 'revoke') AND request IS NOT NULL;
  CREATE INDEX requests_certificates ON requests (wallet) WHERE kind = 'recipient';
  CREATE INDEX requests_certified ON requests (x25519) WHERE x25519 IS NOT NULL;
  CREATE INDEX requests_ends ON requests (expires_at)
    WHERE kind IN ('grant', 'policy') AND request IS NOT NULL AND NOT answered;
  CREATE TABLE key_accesses (
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    reader text NOT NULL,
    scope text NOT NULL,
    root_version integer NOT NULL,
    epoch bigint NOT NULL,
    by bytea NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (app, wallet, reader, scope, root_version, epoch, by)
  );
  ALTER TABLE user_roots ADD COLUMN prepared boolean NOT NULL DEFAULT false;
  CREATE UNIQUE INDEX user_roots_prepared ON user_roots (app, wallet) WHERE prepared;
  `,
);
