import { defineMigration } from './define-migration.ts';

/**
 * Grants and policies are listed page by page, and whether one is revoked is looked up by its id. The body of a revocation is the DAG-CBOR of
 * `{grant: 16 bytes}` in base64url: the id is its last 16 bytes.
 */
export default defineMigration(
  '100-revokes',
  `
  ALTER TABLE requests ADD COLUMN revokes bytea CHECK (octet_length(revokes) = 16);
  UPDATE requests SET revokes = substring(decode(translate(request->>'body', '-_', '+/'), 'base64') FROM 9)
    WHERE kind = 'revoke' AND request IS NOT NULL;
  CREATE INDEX requests_revoked ON requests (app, wallet, revokes) WHERE revokes IS NOT NULL;
  CREATE INDEX requests_given ON requests (app, wallet, ((request->>'issuedAt')::bigint) DESC, id DESC)
    WHERE kind IN ('grant', 'policy') AND request IS NOT NULL;
  `,
);
