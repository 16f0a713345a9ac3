import { z } from 'zod';
import { ApiProblem } from '../problems.ts';
import { requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';
import { EFFECTIVE_WITHIN_SECONDS } from './new-epoch.ts';

/** Takes writes again under a new root. What was erased stays erased. */
export const reopen = defineHandler<'reopen'>({
  kind: 'reopen',
  path: '/v1/reopenings',
  status: 200,
  summary: 'Take writes again after an erasure',
  answer: z.object({ id: requestId, rootVersion: z.int(), effectiveWithinSeconds: z.int() }),
  problems: { 409: '`not_erased`, `erasing`' },
  async run({ request }, effects) {
    const root = await effects.root();
    const erasure = await effects.lastErasure();
    if (!root?.erased || !erasure) throw new ApiProblem('not_erased');
    // Until the fence is known every batch of this owner counts as erased: one taken now would be lost.
    if (erasure.fence === null) throw new ApiProblem('erasing');
    const { rootVersion } = await effects.newServiceRoot(root.epoch);
    return { id: request.id, rootVersion, effectiveWithinSeconds: EFFECTIVE_WITHIN_SECONDS };
  },
});
