import { setTimeout as wait } from 'node:timers/promises';
import type { DeclaredExport, Exports } from '../../services/pipeline/ports/exports.ts';
import type { ConsumerGroups } from '../../services/pipeline/ports/log.ts';
import { type EndReplaysEdges, endReplaysInto } from '../../services/pipeline/replays/into.ts';

export interface RemoveEdges {
  readonly exports: Pick<Exports, 'setState' | 'forget' | 'find'>;
  readonly filling: EndReplaysEdges;
  readonly groups: ConsumerGroups;
  readonly groupOf: (name: string) => string;
}

/** A supervisor stops a process within about 10 s, and a broker takes as long to forget a member that was killed. */
const PATIENCE_MS = 45_000;
const AGAIN_MS = 500;

/**
 * Ends an export: its process is stopped by the supervisor, replays into it are cancelled, then its group and its declaration are forgotten, here
 * or there.
 * @returns false when its process, or that of a replay, is still at work after a while: it is forgotten by the supervisor, or when this is asked again
 */
export async function removeExport(
  { exports, filling, groups, groupOf }: RemoveEdges,
  { id, name }: DeclaredExport,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  await exports.setState(id, 'ending');
  for (const until = performance.now() + patienceMs; ; await wait(AGAIN_MS)) {
    if ((await exports.find(name))?.id !== id) return true;
    if ((await endReplaysInto(filling, name)) && (await groups.remove(groupOf(name)))) {
      await exports.forget(id);
      return true;
    }
    if (performance.now() > until) return false;
  }
}
