import type { Encrypted, Received } from '../../schemas/index.ts';
import { batchesDead } from '../../topics/batches-dead.ts';
import { batchesEncrypted } from '../../topics/batches-encrypted.ts';
import { batchesReceived } from '../../topics/batches-received.ts';
import { withPrefix } from '../../topics/define-topic.ts';
import type { FlushLimits } from '../pipeline/accepted.ts';
import type { Codecs } from '../pipeline/ports/codec.ts';
import type { StagePlan } from '../pipeline/stage.ts';
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
  const received = withPrefix(prefix, batchesReceived);
  const encrypted = withPrefix(prefix, batchesEncrypted);
  const dead = withPrefix(prefix, batchesDead);
  const input = await codecs.for(received);
  return {
    stage: 'encryptor',
    topics: { received: received.name, input: received.name, output: encrypted.name, dead: dead.name },
    codecs: { received: input, input, output: await codecs.for(encrypted), dead: await codecs.for(dead) },
    transform: createEncryptRecordsStep(deps),
  };
}
