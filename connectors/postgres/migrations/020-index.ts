import { defineMigration } from './define-migration.ts';

export interface BatchesTable {
  batch_id: Uint8Array;
  app: Uint8Array;
  wallet: Uint8Array;
  partition: number;
  /** Offset in `received`. */
  origin: number;
  root_version: number;
  subject: Uint8Array;
  epoch: number;
  mode: 'service' | 'client';
  count: number;
  types: string[];
  id_min: string;
  id_max: string;
  /** Milliseconds since the epoch. */
  time_min: number;
  time_max: number;
  source: Uint8Array;
  seq: number;
  signer: 'wallet' | 'app';
  issued_at: number;
  cluster: string;
  segment: Uint8Array;
  slot: number;
  hash: Uint8Array;
  bytes: number;
  /** Another batch has the same (app, wallet, signer, source, seq). */
  conflict: boolean;
}

export interface VoidsTable {
  partition: number;
  origin: number;
  batch_id: Uint8Array;
  reason: 'duplicate' | 'dead' | 'erased';
  /** The owner, source and seq are null in an erased one: the index no longer knows whose it was. */
  app: Uint8Array | null;
  wallet: Uint8Array | null;
  root_version: number | null;
  source: Uint8Array | null;
  seq: number | null;
}

export interface SubjectsTable {
  app: Uint8Array;
  wallet: Uint8Array;
  root_version: number;
  subject: Uint8Array;
  /** Origin of the first batch under this subject. */
  from_origin: number;
}

export interface CheckpointsTable {
  partition: number;
  /** A pair from which a reader of `pinned` may start. */
  offset: number;
  mark: number;
}

export default defineMigration(
  '020-index',
  `
  CREATE TABLE batches (
    batch_id bytea PRIMARY KEY,
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    partition integer NOT NULL,
    origin bigint NOT NULL,
    root_version integer NOT NULL,
    subject bytea NOT NULL,
    epoch bigint NOT NULL,
    mode text NOT NULL,
    count integer NOT NULL,
    types text[] NOT NULL,
    id_min text COLLATE "C" NOT NULL,
    id_max text COLLATE "C" NOT NULL,
    time_min bigint NOT NULL,
    time_max bigint NOT NULL,
    source bytea NOT NULL,
    seq bigint NOT NULL,
    signer text NOT NULL,
    issued_at bigint NOT NULL,
    cluster text NOT NULL,
    segment bytea NOT NULL,
    slot integer NOT NULL,
    hash bytea NOT NULL,
    bytes bigint NOT NULL,
    conflict boolean NOT NULL DEFAULT false
  );
  CREATE INDEX batches_of_wallet ON batches (app, wallet, time_min, batch_id);
  CREATE INDEX batches_event_ids ON batches (app, wallet, id_min, id_max);
  CREATE INDEX batches_sequence ON batches (app, wallet, source, seq);
  CREATE TABLE voids (
    partition integer NOT NULL,
    origin bigint NOT NULL,
    batch_id bytea NOT NULL,
    reason text NOT NULL CHECK (reason IN ('duplicate', 'dead', 'erased')),
    app bytea,
    wallet bytea,
    root_version integer,
    source bytea,
    seq bigint,
    PRIMARY KEY (partition, origin)
  );
  CREATE INDEX voids_batch_id ON voids (batch_id);
  CREATE TABLE subjects (
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    root_version integer NOT NULL,
    subject bytea NOT NULL,
    from_origin bigint NOT NULL,
    PRIMARY KEY (app, wallet, root_version)
  );
  CREATE TABLE checkpoints (
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    mark bigint NOT NULL,
    PRIMARY KEY (partition, "offset")
  );
  `,
);
