import { z } from 'zod';
import { toHex } from '../../../protocol/index.ts';
import { ApiProblem } from '../problems.ts';
import { epochShape, requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';
import { EFFECTIVE_WITHIN_SECONDS, newEpoch } from './new-epoch.ts';

const NOTE =
  'A revocation does not reach back: keys that were given open the epochs before this one for ever. Nothing more is served, and what is written from the new epoch on stays closed to them.';

/** Ends a grant or policy and begins a new epoch. */
export const revoke = defineHandler<'revoke'>({
  kind: 'revoke',
  path: '/v1/revocations',
  status: 201,
  summary: 'End a grant or policy',
  answer: z.object({
    id: requestId,
    revoked: requestId,
    epoch: epochShape.describe('Begins now.'),
    effectiveWithinSeconds: z.int(),
    note: z.string(),
  }),
  problems: { 404: '`unknown_grant`' },
  async run(asked, effects) {
    const revoked = toHex(asked.request.content.grant);
    if (!(await effects.knows(asked.request.content.grant))) throw new ApiProblem('unknown_grant');
    const epoch = await newEpoch(asked, effects);
    return { id: asked.request.id, revoked, epoch, effectiveWithinSeconds: EFFECTIVE_WITHIN_SECONDS, note: NOTE };
  },
});
