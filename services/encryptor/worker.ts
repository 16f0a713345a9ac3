import type { Encrypted, Received } from '../../schemas/index.ts';
import { batchesDead } from '../../topics/batches-dead.ts';
import { batchesEncrypted } from '../../topics/batches-encrypted.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import type { FlushLimits } from '../pipeline/accepted.ts';
import type { Codecs } from '../pipeline/ports/codec.ts';
import type { LogConsumer } from '../pipeline/ports/log.ts';
import { runStage, type StageEdges, type StagePlan } from '../pipeline/stage.ts';
import { startWorker, type Worker } from '../pipeline/worker.ts';
import { createEncryptRecordsStep, type EncryptRecordsDeps } from './encrypt-records.ts';

/**
 * A flush costs two transactions and a send: a few milliseconds of waiting make it carry more under load, and 1 MiB keeps
 * the event loop and a repeat after a failure short.
 */
export const LIMITS: FlushLimits = { maxRecords: 1_000, maxBytes: 1024 * 1024, lingerMs: 5 };

export type EncryptorPlan = StagePlan<Received, Encrypted>;

/**
 * `received` → `encrypted`.
 * @param prefix of this deployment's topics
 */
export async function encryptorPlan(prefix: string, codecs: Codecs, deps: EncryptRecordsDeps): Promise<EncryptorPlan> {
  const received = { ...batchesReceived, name: `${prefix}${batchesReceived.name}` };
  const encrypted = { ...batchesEncrypted, name: `${prefix}${batchesEncrypted.name}` };
  const dead = { ...batchesDead, name: `${prefix}${batchesDead.name}` };
  const input = await codecs.for(received);
  return {
    stage: 'encryptor',
    topics: { received: received.name, input: received.name, output: encrypted.name, dead: dead.name },
    codecs: { received: input, input, output: await codecs.for(encrypted), dead: await codecs.for(dead) },
    transform: createEncryptRecordsStep(deps),
  };
}

/** Runs the encryptor on the partitions that the consumer gets. */
export function startEncryptor(
  consumer: LogConsumer,
  plan: EncryptorPlan,
  edges: StageEdges & { onFatal(error: unknown): void },
): Worker {
  return startWorker(consumer, (input) => runStage(plan, LIMITS, edges, input), edges);
}
