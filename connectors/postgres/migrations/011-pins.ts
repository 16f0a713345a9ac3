import type { Generated } from 'kysely';
import { defineMigration } from './define-migration.ts';

export interface PinsTable {
  cluster: string;
  /** Bytes of the CID of the pinned manifest. */
  root: Uint8Array;
  partition: number;
  /** First and last `received` offset of the flush that pinned it. */
  first_origin: number;
  last_origin: number;
  created: Generated<Date>;
}

export interface ClustersTable {
  wallet: Uint8Array;
  cluster: string;
}

export default defineMigration(
  '011-pins',
  `
  CREATE TABLE clusters (
    wallet bytea PRIMARY KEY CHECK (octet_length(wallet) = 32),
    cluster text NOT NULL
  );
  CREATE TABLE pins (
    cluster text NOT NULL,
    root bytea NOT NULL,
    partition integer NOT NULL,
    first_origin bigint NOT NULL,
    last_origin bigint NOT NULL CHECK (last_origin >= first_origin),
    created timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cluster, root)
  );
  CREATE INDEX pins_range ON pins (partition, last_origin);
  `,
);
