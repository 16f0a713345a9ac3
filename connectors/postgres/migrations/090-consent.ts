import { defineMigration } from './define-migration.ts';

/** What still counts of an owner's signatures is found without reading what has ended. */
export default defineMigration(
  '090-consent',
  `
  DROP INDEX requests_consent;
  CREATE INDEX requests_standing ON requests (app, wallet)
    WHERE kind IN ('grant', 'policy', 'revoke') AND request IS NOT NULL AND NOT answered;
  CREATE INDEX requests_policies ON requests (app, wallet, ((request->>'issuedAt')::bigint) DESC, id DESC)
    WHERE kind = 'policy' AND request IS NOT NULL;
  `,
);
