import type { Generated } from 'kysely';
import type { OutboxState, RoundState } from '../../../services/pipeline/ports/settlement-store.ts';
import { defineMigration } from './define-migration.ts';

/** Kept for ever: a leaf is the receipt of its batch. */
export interface LeavesTable {
  batch_id: Uint8Array;
  app: Uint8Array;
  partition: number;
  origin: number;
  hash: Uint8Array;
  count: number;
  bytes: number;
  /** numeric: decimal text. */
  fee: string;
  seen_at: number;
  round: number | null;
  /** Position in the tree of (round, app). */
  leaf_index: number | null;
}

export interface RoundsTable {
  round: number;
  app: Uint8Array;
  root: Uint8Array;
  leaves: number;
  operations: number;
  bytes: number;
  fee: string;
  state: RoundState;
  alone: boolean;
  /** The outbox row that holds the charge; null in `cut` and `unpaid`. */
  outbox: number | null;
  published: boolean;
}

export interface OutboxTable {
  id: Generated<number>;
  nonce: number;
  birth: number;
  death: number;
  bytes: Uint8Array;
  hash: Uint8Array;
  state: OutboxState;
  block_number: number | null;
  block_hash: Uint8Array | null;
  block_index: number | null;
  /** Items that moved nothing; null when the whole extrinsic failed or nothing is known. */
  failed_items: number[] | null;
  error: string | null;
}

export interface OutboxChargesTable {
  outbox: number;
  item: number;
  round: number;
  app: Uint8Array;
}

export default defineMigration(
  '030-settlement',
  `
  CREATE TABLE leaves (
    batch_id bytea PRIMARY KEY CHECK (octet_length(batch_id) = 32),
    app bytea NOT NULL,
    partition integer NOT NULL,
    origin bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    count integer NOT NULL,
    bytes bigint NOT NULL,
    fee numeric NOT NULL,
    seen_at bigint NOT NULL,
    round bigint,
    leaf_index integer
  );
  CREATE INDEX leaves_uncut ON leaves (app, partition, origin) WHERE round IS NULL;
  CREATE UNIQUE INDEX leaves_of_round ON leaves (round, app, leaf_index) WHERE round IS NOT NULL;
  CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    nonce bigint NOT NULL,
    birth bigint NOT NULL,
    death bigint NOT NULL,
    bytes bytea NOT NULL,
    hash bytea NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('signed', 'sent', 'included', 'final', 'expired', 'usurped')),
    block_number bigint,
    block_hash bytea,
    block_index integer,
    failed_items integer[],
    error text
  );
  -- One extrinsic at a time: whoever signs while another is unresolved is refused.
  CREATE UNIQUE INDEX outbox_one_unresolved ON outbox ((true)) WHERE state IN ('signed', 'sent', 'included');
  CREATE TABLE rounds (
    round bigint NOT NULL,
    app bytea NOT NULL,
    root bytea NOT NULL,
    leaves bigint NOT NULL,
    operations bigint NOT NULL,
    bytes bigint NOT NULL,
    fee numeric NOT NULL,
    state text NOT NULL CHECK (state IN ('cut', 'signed', 'sent', 'final', 'unpaid')),
    alone boolean NOT NULL DEFAULT false,
    outbox bigint REFERENCES outbox (id),
    published boolean NOT NULL DEFAULT false,
    PRIMARY KEY (round, app)
  );
  CREATE INDEX rounds_open ON rounds (state, round) WHERE state <> 'final';
  CREATE INDEX rounds_unpublished ON rounds (round) WHERE state = 'final' AND NOT published;
  CREATE TABLE outbox_charges (
    outbox bigint NOT NULL REFERENCES outbox (id),
    item integer NOT NULL,
    round bigint NOT NULL,
    app bytea NOT NULL,
    PRIMARY KEY (outbox, item)
  );
  `,
);
