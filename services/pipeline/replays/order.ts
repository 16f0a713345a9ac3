import type { Clock } from '../clock.ts';
import type { ReplayJob, Replays } from '../ports/replays.ts';
import { decide, type ReplayCommand, ReplayRefused } from './job.ts';

/** Decides on a job as it stands, and again when another has changed it meanwhile. @throws ReplayRefused; also `replay_unknown` */
export async function orderReplay(
  { replays, clock }: { readonly replays: Pick<Replays, 'find' | 'change'>; readonly clock: Pick<Clock, 'now'> },
  id: string,
  command: ReplayCommand,
): Promise<ReplayJob> {
  for (;;) {
    const found = await replays.find(id);
    if (!found) throw new ReplayRefused('replay_unknown', `There is no replay ${id}; see \`ddc replay ls\`.`);
    const job = decide(found.job, command, clock.now());
    if (job === found.job || (await replays.change(id, found.version, job))) return job;
  }
}
