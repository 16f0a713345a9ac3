import { fromHex } from '../../protocol/index.ts';
import type { Log } from '../pipeline/log.ts';
import type { Erasures } from '../pipeline/ports/erasures.ts';
import type { ExportReports } from '../pipeline/ports/removals.ts';
import type { RepeatEdges } from '../pipeline/repeat.ts';
import { type DeliveryEdges, deliver } from './deliver.ts';
import { ErasedOwners } from './erased-owners.ts';
import { followErasures } from './follow-erasures.ts';
import { followRemovals } from './follow-removals.ts';

export interface DeliverySetup extends RepeatEdges, Omit<DeliveryEdges, 'erased'> {
  readonly erasures: Erasures;
  readonly reports: ExportReports;
  readonly log: Pick<Log, 'info'>;
}

/** An export at work on its sink, whatever it reads from: the live log or a replay. */
export interface OpenDelivery {
  readonly deliver: ReturnType<typeof deliver>;
  /** Erasures and removals of the app that were committed before are applied to the sink when it resolves. */
  settle(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes the sink ready, tells that this export is at work, and applies to it what was erased and removed before and from now on. Nothing may
 * be delivered before this resolves.
 */
export async function openDelivery(setup: DeliverySetup): Promise<OpenDelivery> {
  const { plan, sink, reports, log } = setup;
  const app = fromHex(plan.app, 32);
  await sink.check();
  const erased = new ErasedOwners();
  await reports.register(plan.name, app);
  const following = [
    await followErasures({
      ...setup,
      app,
      report: (applied) => reports.report(plan.name, applied),
      erased,
      onApplied: (owners, rows) => log.info({ owners, rows }, 'erasures applied to the sink'),
    }),
    followRemovals({
      ...setup,
      exportName: plan.name,
      app,
      onApplied: (removals, rows) => log.info({ removals, rows }, 'removals applied to the sink'),
    }),
  ];
  return {
    deliver: deliver({ ...setup, erased }),
    async settle(signal) {
      for (const one of following) await one.now(signal);
    },
    async close() {
      for (const one of following) await one.close();
    },
  };
}
