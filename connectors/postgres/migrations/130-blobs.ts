import { defineMigration } from './define-migration.ts';

export interface BlobsTable {
  id: Uint8Array;
  app: Uint8Array;
  wallet: Uint8Array;
  upload: Uint8Array;
  scope: string;
  epoch: number;
  root_version: number;
  cluster: string;
  /** null until everything is stored and the pin is asked for. */
  cid: string | null;
  size: number | null;
  state: 'uploading' | 'live' | 'gone';
  why: 'unreferenced' | 'interrupted' | 'erased' | 'removed' | null;
  /** How often batches have named it: a number, so that what was judged by one is not done when another came. */
  refs: number;
  /** It may be pinned. */
  pinned: boolean;
  created_at: number;
  finished_at: number | null;
}

export interface BlobReferencesTable {
  blob: Uint8Array;
  batch_id: Uint8Array;
  event_id: string;
  time: number;
  issued_at: number;
  /** Mark of its session, see `rules/removal.ts`: the name is not kept. Since 131-removed-blobs. */
  session: Uint8Array | null;
}

export default defineMigration(
  '130-blobs',
  `
  CREATE TABLE blobs (
    id bytea PRIMARY KEY CHECK (octet_length(id) = 16),
    app bytea NOT NULL CHECK (octet_length(app) = 32),
    wallet bytea NOT NULL CHECK (octet_length(wallet) = 32),
    upload bytea NOT NULL CHECK (octet_length(upload) = 16),
    scope text NOT NULL,
    epoch bigint NOT NULL,
    root_version integer NOT NULL,
    cluster text NOT NULL,
    cid text,
    size bigint,
    state text NOT NULL CHECK (state IN ('uploading', 'live', 'gone')),
    why text CHECK (why IN ('unreferenced', 'interrupted', 'erased')),
    refs integer NOT NULL DEFAULT 0,
    pinned boolean NOT NULL DEFAULT false,
    created_at bigint NOT NULL,
    finished_at bigint
  );
  CREATE UNIQUE INDEX blobs_upload ON blobs (app, wallet, upload) WHERE state = 'live';
  CREATE INDEX blobs_cid ON blobs (app, wallet, cid);
  CREATE INDEX blobs_uploading ON blobs (created_at) WHERE state = 'uploading';
  CREATE INDEX blobs_unreferenced ON blobs (finished_at) WHERE state = 'live' AND refs = 0;
  CREATE INDEX blobs_doomed ON blobs (id) WHERE state = 'gone' AND pinned;
  CREATE TABLE blob_references (
    blob bytea NOT NULL REFERENCES blobs ON DELETE CASCADE,
    batch_id bytea NOT NULL CHECK (octet_length(batch_id) = 32),
    event_id text NOT NULL,
    time bigint NOT NULL,
    issued_at bigint NOT NULL,
    PRIMARY KEY (blob, batch_id, event_id)
  );
  `,
);
