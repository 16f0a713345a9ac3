import { defineMigration } from './define-migration.ts';

/** What names a blob is judged by the rule of removed events, which knows sessions by their mark. */
export default defineMigration(
  '131-removed-blobs',
  `
  ALTER TABLE blob_references ADD COLUMN session bytea CHECK (octet_length(session) = 32);
  ALTER TABLE blobs DROP CONSTRAINT blobs_why_check;
  ALTER TABLE blobs ADD CONSTRAINT blobs_why_check CHECK (why IN ('unreferenced', 'interrupted', 'erased', 'removed'));
  CREATE INDEX blobs_named ON blobs (id) WHERE state = 'live' AND refs > 0;
  `,
);
