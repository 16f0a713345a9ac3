import { z } from 'zod';
import type { Consents } from '../../pipeline/ports/consents.ts';
import { ApiProblem } from '../problems.ts';
import { epochShape, requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';

/** Grants of one wallet in one app that have not ended: all of them are looked at whenever a key is asked for. */
const MOST_GRANTS = 1_000;

/** Opens one scope to the holder of a certified key. */
export const grant = (consents: Pick<Consents, 'certified'>) =>
  defineHandler<'grant', boolean>({
    kind: 'grant',
    path: '/v1/grants',
    status: 201,
    summary: 'Open one scope to a recipient',
    answer: z.object({ id: requestId, epoch: epochShape }),
    problems: {
      409: '`client_keys`, `too_many_grants`',
      410: '`erased`',
      422: '`not_certified`, `epoch_ahead`, or a code of the protocol',
    },
    before: ({ request, now }) => consents.certified(request.content.recipient, now),
    async run({ request }, effects, certified) {
      if (!certified) throw new ApiProblem('not_certified');
      const root = await effects.root();
      if (root?.erased) throw new ApiProblem('erased');
      if (root?.mode === 'client') throw new ApiProblem('client_keys');
      const epoch = root?.epoch ?? 0;
      const { grants } = await effects.consent();
      if (grants.length > MOST_GRANTS) throw new ApiProblem('too_many_grants');
      if (request.content.fromEpoch > epoch + 1) throw new ApiProblem('epoch_ahead');
      return { id: request.id, epoch };
    },
  });
