import { defineMigration } from './define-migration.ts';

/** Removals that are not done, as the sweeper goes through them and as they are counted of an owner. */
export default defineMigration(
  '181-open-removals',
  `
  CREATE INDEX removals_unfinished ON removals (kind, app, wallet, id) WHERE state <> 'done' OR pending <> '{}';
  `,
);
