import { FatalError } from '../../services/pipeline/errors.ts';
import type { ReplayJob, Replays, VersionedReplay } from '../../services/pipeline/ports/replays.ts';
import { isOver } from '../../services/pipeline/replays/job.ts';

/** Memory twin of the table of replay jobs. */
export function createMemoryReplays(): Replays {
  const jobs = new Map<string, VersionedReplay>();
  const firstMade = (limit: number, is: (job: ReplayJob) => boolean) =>
    [...jobs.values()]
      .filter(({ job }) => is(job))
      .sort((a, b) => a.job.createdAt - b.job.createdAt || (a.job.id < b.job.id ? -1 : 1))
      .slice(0, limit);
  return {
    async add(job) {
      if (jobs.has(job.id)) throw new FatalError('replay_exists', `There is a replay ${job.id} already.`);
      jobs.set(job.id, { version: 1, job });
    },
    find: async (id) => jobs.get(id) ?? null,
    list: async (limit, app) =>
      [...jobs.values()]
        .filter(({ job }) => app === undefined || job.spec.app === app)
        .sort((a, b) => b.job.createdAt - a.job.createdAt || (a.job.id < b.job.id ? 1 : -1))
        .slice(0, limit),
    waiting: async (limit) => firstMade(limit, ({ state }) => state === 'pending' || state === 'running'),
    uncleared: async (limit) => firstMade(limit, (job) => isOver(job) && job.clearedAt === null),
    intoExports: async () =>
      firstMade(jobs.size, ({ spec, clearedAt }) => spec.target.kind === 'export' && clearedAt === null),
    async change(id, version, job) {
      if (jobs.get(id)?.version !== version) return false;
      jobs.set(id, { version: version + 1, job });
      return true;
    },
  };
}
