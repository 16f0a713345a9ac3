import type { Encrypted, Pinned } from '../../schemas/index.ts';
import { batchesDead } from '../../topics/batches-dead.ts';
import { batchesEncrypted } from '../../topics/batches-encrypted.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { withPrefix } from '../../topics/define-topic.ts';
import type { FlushLimits } from '../pipeline/accepted.ts';
import type { Codecs } from '../pipeline/ports/codec.ts';
import type { StagePlan } from '../pipeline/stage.ts';
import { createPinBatchesStep, type PinBatchesDeps } from './pin-batches.ts';

/** A flush is one CAR and one pin: at 1 MiB or after 1 s, whichever comes first. */
export const LIMITS: FlushLimits = { maxRecords: 2_000, maxBytes: 1024 * 1024, lingerMs: 1_000 };

export type PinnerPlan = StagePlan<Encrypted, Pinned>;

/**
 * `encrypted` → `pinned`. It reads `received` only to copy the sealed original of a dead record.
 * @param prefix of this deployment's topics
 */
export async function pinnerPlan(prefix: string, codecs: Codecs, deps: PinBatchesDeps): Promise<PinnerPlan> {
  const received = withPrefix(prefix, batchesReceived);
  const encrypted = withPrefix(prefix, batchesEncrypted);
  const pinned = withPrefix(prefix, batchesPinned);
  const dead = withPrefix(prefix, batchesDead);
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
