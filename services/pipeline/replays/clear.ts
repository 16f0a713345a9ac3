import type { Clock } from '../clock.ts';
import type { ReplayJob, Replays } from '../ports/replays.ts';
import { reporterOf } from './job.ts';
import { orderReplay } from './order.ts';

export interface ClearEdges {
  readonly replays: Pick<Replays, 'find' | 'change'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Forgets the consumer group of a job. @returns false while somebody is in it */
  removeGroup(id: string): Promise<boolean>;
  /** Whoever was at work under this name is so no more: no removal is shown to wait for it. */
  unregister(name: string): Promise<void>;
}

/**
 * Takes away what a job that is over has left beside its rows. Done again it changes nothing.
 * @returns false while somebody is still in its group: it is for later then
 */
export async function clearReplay(edges: ClearEdges, job: ReplayJob): Promise<boolean> {
  if (!(await edges.removeGroup(job.id))) return false;
  // An export goes on under its own name.
  if (job.spec.target.kind === 'sink') await edges.unregister(reporterOf(job));
  await orderReplay(edges, job.id, { kind: 'clear' });
  return true;
}
