import { defineMigration } from './define-migration.ts';

/** Replay jobs of an app, and those that wait or run: looked at every second. */
export default defineMigration(
  '251-replays-by-app',
  `
  CREATE INDEX replays_by_app ON replays ((job->'spec'->>'app'));
  CREATE INDEX replays_waiting ON replays (id) WHERE job->>'state' IN ('pending', 'running');
  `,
);
