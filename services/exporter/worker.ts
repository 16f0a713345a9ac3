import type { Pinned } from '../../schemas/index.ts';
import type { FlushLimits } from '../pipeline/accepted.ts';
import type { Codec } from '../pipeline/ports/codec.ts';
import type { ReaderPlan } from '../pipeline/reader.ts';
import type { DeliveryEdges } from './deliver.ts';
import type { OpenDelivery } from './open-delivery.ts';

/** One file per (app, day) and flush: a long linger makes fewer and larger files, a short one shows rows sooner. */
export const limitsFor = ({ sandbox }: { readonly sandbox: boolean }): FlushLimits => ({
  maxRecords: 10_000,
  maxBytes: 8 * 1024 * 1024,
  lingerMs: sandbox ? 1_000 : 5_000,
});

/** What the corridor needs to know of an export. Its row is the sink's position; only its crashes are counted in the database. */
export function exporterPlan(
  received: string,
  codec: Codec<Pinned>,
  { plan, sink }: Pick<DeliveryEdges, 'plan' | 'sink'>,
  { deliver }: Pick<OpenDelivery, 'deliver'>,
): ReaderPlan<Pinned> {
  return {
    stage: `export-${plan.name}`,
    received,
    codec,
    onBehind: 'alarm',
    load: (partition) => sink.position(partition),
    apply: deliver,
  };
}
