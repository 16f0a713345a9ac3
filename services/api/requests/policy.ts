import { z } from 'zod';
import { ApiProblem } from '../problems.ts';
import { epochShape, requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';
import { EFFECTIVE_WITHIN_SECONDS, newEpoch } from './new-epoch.ts';

/** Replaces the wallet's policy for the app; the end of the one before it begins a new epoch. */
export const policy = defineHandler<'policy'>({
  kind: 'policy',
  path: '/v1/policies',
  status: 201,
  summary: 'Say what the exports of an app, or listed recipients, may read',
  problems: { 409: '`policy_superseded`' },
  answer: z.object({ id: requestId, epoch: epochShape, effectiveWithinSeconds: z.int() }),
  async run(asked, effects) {
    const epoch = await newEpoch(asked, effects);
    // One signed by a clock that is ahead would stay in force, and its author would think it is not.
    if ((await effects.newestPolicy()) !== asked.request.id) throw new ApiProblem('policy_superseded');
    return { id: asked.request.id, epoch, effectiveWithinSeconds: EFFECTIVE_WITHIN_SECONDS };
  },
});
