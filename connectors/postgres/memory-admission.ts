import type { Admission } from '../../services/pipeline/ports/admission.ts';
import type { Erasure } from '../../services/pipeline/ports/erasures.ts';
import { isErased } from '../../services/pipeline/rules/erasure.ts';
import { ownerKey } from './removals.ts';

/** Memory twin of `batch_ids` and `removals`. */
export interface MemoryAdmission extends Admission {
  putErasure(id: Uint8Array, erasure: Erasure): Promise<void>;
}

export function createMemoryAdmission(): MemoryAdmission {
  const firsts = new Map<string, { partition: number; origin: number }>();
  const erasures = new Map<string, Erasure>();
  const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

  return {
    async admit(partition, candidates) {
      for (const { batchId, origin, retryOf } of candidates) {
        const id = textOf(batchId);
        const first = firsts.get(id);
        const takenOver = retryOf !== null && first?.partition === partition && first.origin === retryOf;
        if (!first || takenOver) firsts.set(id, { partition, origin });
      }
      return candidates.map((candidate) => {
        const first = firsts.get(textOf(candidate.batchId));
        if (first?.origin !== candidate.origin || first.partition !== partition) return 'duplicate';
        const reaching = [...erasures.values()].filter((erasure) => ownerKey(erasure) === ownerKey(candidate));
        return isErased(candidate, reaching) ? 'erased' : null;
      });
    },

    async origins(batchIds) {
      return batchIds.map((id) => firsts.get(textOf(id)) ?? null);
    },

    async putErasure(id, erasure) {
      erasures.set(textOf(id), erasure);
    },
  };
}
