import type { Generated } from 'kysely';
import type { RemovalState } from '../../../services/pipeline/ports/removals.ts';
import { defineMigration } from './define-migration.ts';

export interface BatchIdsTable {
  batch_id: Uint8Array;
  partition: number;
  /** Offset in `received` of the record that was let in. */
  origin: number;
}

export interface RemovalsTable {
  /** 16 bytes, the id of the signed request. */
  id: Uint8Array;
  app: Uint8Array;
  wallet: Uint8Array;
  kind: 'erase' | 'remove';
  /** JSON of `remove`: {events} | {from, to}; null for `erase`. */
  selector: unknown | null;
  /** Milliseconds since the epoch, of the request. */
  issued_at: number;
  /** First `received` offset that the erasure does not reach; null = infinite (not known yet). */
  fence: number | null;
  /** Root versions whose wrapped root the removal overwrote. */
  root_versions: Generated<number[]>;
  /** How far the removal is: committed | fenced | sent | done. */
  state: Generated<RemovalState>;
  /** Milliseconds since the epoch, when the record was in `ddc.removals.requested`. */
  sent_at: number | null;
  /** Exports that had not reported when the last receipt was made. */
  pending: Generated<string[]>;
}

export default defineMigration(
  '002-batch-ids',
  `
  CREATE TABLE batch_ids (
    batch_id bytea PRIMARY KEY,
    partition integer NOT NULL,
    origin bigint NOT NULL
  );
  CREATE TABLE removals (
    id bytea PRIMARY KEY,
    app bytea NOT NULL,
    wallet bytea NOT NULL,
    kind text NOT NULL CHECK (kind IN ('erase', 'remove')),
    selector jsonb,
    issued_at bigint NOT NULL,
    fence bigint,
    root_versions integer[] NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'committed'
  );
  CREATE INDEX removals_owner ON removals (app, wallet);
  `,
);
