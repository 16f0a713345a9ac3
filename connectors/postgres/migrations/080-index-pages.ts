import { defineMigration } from './define-migration.ts';

/**
 * What conflict marks and erasures look up by. One index for the batches that stand alone with their sequence number and one for those
 * that do not, so that neither search walks over the rows of the other.
 */
export default defineMigration(
  '080-index-pages',
  `
  DROP INDEX batches_sequence;
  CREATE INDEX batches_alone ON batches (app, wallet, source, seq, signer) WHERE NOT conflict;
  CREATE INDEX batches_in_conflict ON batches (app, wallet, source, seq, signer) WHERE conflict;
  CREATE INDEX voids_of_owner ON voids (app, wallet) WHERE app IS NOT NULL;
  `,
);
