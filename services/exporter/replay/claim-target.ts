import { blake2b256, toHex, utf8 } from '../../../protocol/index.ts';
import type { ReplayJob } from '../../pipeline/ports/replays.ts';
import type { Sink } from '../../pipeline/ports/sink.ts';
import { ReplayRefused } from '../../pipeline/replays/job.ts';

/**
 * Which log the target's positions belong to: that of the deployment for an export, which goes on by itself. Any other target is this
 * job's alone, so that two of them can never share a folder or a topic.
 */
export function logOfTarget({ id, spec }: Pick<ReplayJob, 'id' | 'spec'>, logId: Uint8Array): string {
  if (spec.target.kind === 'export') return toHex(logId);
  return toHex(blake2b256(utf8(`${toHex(logId)}/${id}`)).subarray(0, 16));
}

/**
 * An export's target must hold nothing yet, since that would stand beside what the job brings, and nobody may be at work on it. Targets of a
 * job's own refuse others by themselves.
 * @param members how many are at work on the export now
 * @param partitions that are to hold nothing: none any more once the target was claimed
 * @throws ReplayRefused `target_used`, `export_running`, `target_moved`
 */
export async function claimTarget(
  { spec: { target }, claimedAt }: Pick<ReplayJob, 'spec' | 'claimedAt'>,
  sink: Pick<Sink, 'position'>,
  members: (exportName: string) => Promise<number>,
  partitions: Iterable<number>,
): Promise<void> {
  if (target.kind !== 'export') return;
  // A live export that starts later than at the beginning would take the position away.
  const isAtWork = (await members(target.name)) > 0;
  if (isAtWork && claimedAt !== null)
    throw new ReplayRefused(
      'target_moved',
      `Export ${target.name} was let go on before this replay was done: what it had not brought is missing for good. Cancel it, and replay into another export or an emptied sink.`,
    );
  if (isAtWork)
    throw new ReplayRefused(
      'export_running',
      `Export ${target.name} is at work: pause it (\`ddc exports pause ${target.name}\`), and let it go on when the replay is done.`,
    );
  for (const partition of partitions) {
    const { mark } = await sink.position(partition);
    if (mark < 0) continue;
    throw new ReplayRefused(
      'target_used',
      `The target holds partition ${partition} up to origin ${mark} already: a replay begins with an empty one. Declare another export, or empty its sink.`,
    );
  }
}
