import { defineMigration } from './define-migration.ts';

/** The transaction that wrote a revocation, so that whoever has read the list reads only what came since. */
export default defineMigration(
  '180-revocations-read',
  `
  ALTER TABLE token_revocations ADD COLUMN tx bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
  CREATE INDEX token_revocations_tx ON token_revocations (tx, author, token);
  `,
);
