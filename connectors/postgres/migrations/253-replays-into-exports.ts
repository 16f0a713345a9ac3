import { defineMigration } from './define-migration.ts';

/** Replay jobs that somebody may be at work on in the target of an export: looked at every second. */
export default defineMigration(
  '253-replays-into-exports',
  `
  CREATE INDEX replays_into_exports ON replays (id) WHERE job->'spec'->'target'->>'kind' = 'export' AND job->>'clearedAt' IS NULL;
  `,
);
