import { z } from 'zod';
import { toHex } from '../../../protocol/index.ts';
import type { Faults } from '../../pipeline/faults.ts';
import { ApiProblem } from '../problems.ts';
import { requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';

/** The first step of an erasure; the sweeper does the rest. */
export const erase = (faults: Pick<Faults, 'reach'>) =>
  defineHandler<'erase'>({
    kind: 'erase',
    path: '/v1/erasures',
    status: 202,
    summary: 'Erase everything of a wallet in an app',
    answer: z.object({ id: requestId, rootVersions: z.array(z.int()) }),
    problems: { 404: '`nothing_to_erase`', 409: '`already_erased`' },
    async run({ request }, effects) {
      const root = await effects.root();
      if (!root) throw new ApiProblem('nothing_to_erase');
      if (root.erased) {
        const last = await effects.lastErasure();
        throw new ApiProblem('already_erased', last ? { detail: `erased by request ${toHex(last.id)}` } : {});
      }
      return { id: request.id, rootVersions: await effects.erase() };
    },
    after: () => faults.reach('after-erase-commit'),
  });
