import { FatalError } from '../../services/pipeline/errors.ts';
import type { Replays, VersionedReplay } from '../../services/pipeline/ports/replays.ts';

/** Memory twin of the table of replay jobs. */
export function createMemoryReplays(): Replays {
  const jobs = new Map<string, VersionedReplay>();
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
    waiting: async (limit) =>
      [...jobs.values()]
        .filter(({ job }) => job.state === 'pending' || job.state === 'running')
        .sort((a, b) => a.job.createdAt - b.job.createdAt || (a.job.id < b.job.id ? -1 : 1))
        .slice(0, limit),
    async change(id, version, job) {
      if (jobs.get(id)?.version !== version) return false;
      jobs.set(id, { version: version + 1, job });
      return true;
    },
  };
}
