import type { Encrypted, Pinned } from '../../schemas/index.ts';
import { batchesDead } from '../../topics/batches-dead.ts';
import { batchesEncrypted } from '../../topics/batches-encrypted.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import type { FlushLimits } from '../pipeline/accepted.ts';
import type { Codecs } from '../pipeline/ports/codec.ts';
import type { LogConsumer } from '../pipeline/ports/log.ts';
import { runStage, type StageEdges, type StagePlan } from '../pipeline/stage.ts';
import { startWorker, type Worker } from '../pipeline/worker.ts';
import { createPinBatchesStep, type PinBatchesDeps } from './pin-batches.ts';

/** A flush is one CAR and one pin: at 1 MiB or after 1 s, whichever comes first (DESIGN §5). */
export const LIMITS: FlushLimits = { maxRecords: 2_000, maxBytes: 1024 * 1024, lingerMs: 1_000 };

export type PinnerPlan = StagePlan<Encrypted, Pinned>;

/**
 * `encrypted` → `pinned`. It reads `received` only to copy the sealed original of a dead record.
 * @param prefix of this deployment's topics
 */
export async function pinnerPlan(prefix: string, codecs: Codecs, deps: PinBatchesDeps): Promise<PinnerPlan> {
  const received = { ...batchesReceived, name: `${prefix}${batchesReceived.name}` };
  const encrypted = { ...batchesEncrypted, name: `${prefix}${batchesEncrypted.name}` };
  const pinned = { ...batchesPinned, name: `${prefix}${batchesPinned.name}` };
  const dead = { ...batchesDead, name: `${prefix}${batchesDead.name}` };
  return {
    stage: 'pinner',
    topics: { received: received.name, input: encrypted.name, output: pinned.name, dead: dead.name },
    codecs: {
      received: await codecs.for(received),
      input: await codecs.for(encrypted),
      output: await codecs.for(pinned),
      dead: await codecs.for(dead),
    },
    transform: createPinBatchesStep(deps),
  };
}

/** Runs the pinner on the partitions that the consumer gets. */
export function startPinner(
  consumer: LogConsumer,
  plan: PinnerPlan,
  edges: StageEdges & { onFatal(error: unknown): void },
): Worker {
  return startWorker(consumer, (input) => runStage(plan, LIMITS, edges, input), edges);
}
