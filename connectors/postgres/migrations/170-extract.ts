import { defineMigration } from './define-migration.ts';

/**
 * Batches in the order of an extraction, of a wallet in an app and of a whole app. The end of a batch's time is in the index, so that a
 * range of time is cut out without reading the rows outside it.
 */
export default defineMigration(
  '170-extract',
  `
  DROP INDEX batches_of_wallet;
  CREATE INDEX batches_of_wallet ON batches (app, wallet, time_min, batch_id, time_max);
  CREATE INDEX batches_of_app ON batches (app, time_min, batch_id, time_max);
  `,
);
