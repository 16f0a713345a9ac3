import type { DeclaredExport, Exports } from '../ports/exports.ts';
import type { ReplayJob, Replays } from '../ports/replays.ts';
import { type ClearEdges, clearReplay } from './clear.ts';
import { isOver, isTaken, ReplayRefused, reporterOf } from './job.ts';
import { orderReplay } from './order.ts';

/** An export that a replay fills: let go on, it would start behind what the replay has not brought yet, which is passed over for good then. */
export class ExportReplayed extends Error {
  readonly code = 'export_replayed';
  constructor(exportName: string, { id, state }: Pick<ReplayJob, 'id' | 'state'>) {
    const how = isOver({ state }) ? `was ${state}, and its process is still about to leave` : `is ${state}`;
    super(
      `Replay ${id} into ${exportName} ${how}: were the export let go on now, what that has not brought would be missing for good. Wait until it is done, or cancel it (\`ddc replay cancel ${id}\`).`,
    );
    this.name = 'ExportReplayed';
  }
}

/** Exports that may not run now, each with the replay that is to fill it: one that goes on or may, or at which somebody still works. */
export async function exportsHeld(
  replays: Pick<Replays, 'intoExports'>,
  now: number,
): Promise<ReadonlyMap<string, ReplayJob>> {
  const jobs = (await replays.intoExports()).map(({ job }) => job);
  return new Map(
    jobs.filter((job) => !isOver(job) || isTaken(job, null, now)).map((job) => [reporterOf(job), job] as const),
  );
}

/** Lets a paused export go on. @returns what it is now; null when there is none @throws ExportReplayed */
export async function resumeExport(
  edges: {
    readonly exports: Pick<Exports, 'setState'>;
    readonly replays: Pick<Replays, 'intoExports'>;
    readonly now: () => number;
  },
  { id, name }: Pick<DeclaredExport, 'id' | 'name'>,
): Promise<DeclaredExport | null> {
  const job = (await exportsHeld(edges.replays, edges.now())).get(name);
  if (job) throw new ExportReplayed(name, job);
  return edges.exports.setState(id, 'running');
}

export interface EndReplaysEdges extends ClearEdges {
  readonly replays: Pick<Replays, 'intoExports' | 'find' | 'change'>;
}

/**
 * Ends the replays into an export that is removed: they report under its name, which is somebody else's once it is forgotten.
 * @returns whether nobody is at work on any of them; false: ask again
 */
export async function endReplaysInto(edges: EndReplaysEdges, exportName: string): Promise<boolean> {
  const jobs = (await edges.replays.intoExports()).map(({ job }) => job);
  const mine = jobs.filter((job) => reporterOf(job) === exportName);
  for (const job of mine) {
    if (!isOver(job)) {
      await orderReplay(edges, job.id, { kind: 'cancel' }).catch((error: unknown) => {
        // Done meanwhile.
        if (!(error instanceof ReplayRefused)) throw error;
      });
    } else if (!isTaken(job, null, edges.clock.now())) await clearReplay(edges, job);
  }
  return mine.length === 0;
}
