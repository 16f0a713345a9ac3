import { defineMigration } from './define-migration.ts';

/** Replay jobs that are over and of which something is left to take away: looked at every second. */
export default defineMigration(
  '252-uncleared-replays',
  `
  CREATE INDEX replays_uncleared ON replays (id) WHERE job->>'state' IN ('done', 'cancelled') AND job->>'clearedAt' IS NULL;
  `,
);
