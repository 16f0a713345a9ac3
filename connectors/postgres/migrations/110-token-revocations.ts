import type { Generated } from 'kysely';
import { defineMigration } from './define-migration.ts';

/** Tokens that were ended before their time; forgotten once they would be over anyway. */
export interface TokenRevocationsTable {
  author: Uint8Array;
  token: Uint8Array;
  until: number;
  /** The transaction that wrote it last. Since 180-revocations-read. */
  tx: Generated<number>;
}

export default defineMigration(
  '110-token-revocations',
  `
  CREATE TABLE token_revocations (
    author bytea NOT NULL CHECK (octet_length(author) = 32),
    token bytea NOT NULL CHECK (octet_length(token) = 16),
    until bigint NOT NULL,
    PRIMARY KEY (author, token)
  );
  CREATE INDEX token_revocations_until ON token_revocations (until);
  `,
);
