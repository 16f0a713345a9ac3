import { z } from 'zod';
import { ApiProblem } from '../problems.ts';
import { requestId, sealedKey } from '../shapes.ts';
import { defineHandler } from './handler.ts';
import type { SealedKey, SealedKeys } from './sealed-keys.ts';

/** The owner's own keys, sealed to a key that the request names. */
export const keys = (sealedKeys: SealedKeys) =>
  defineHandler<'keys', SealedKey[]>({
    kind: 'keys',
    path: '/v1/keys',
    status: 200,
    summary: 'Fetch own keys',
    answer: z.object({ id: requestId, keys: z.array(sealedKey) }),
    problems: { 410: '`erased`', 413: '`payload_too_large`, `too_many_keys`' },
    before: ({ request, owner }) =>
      sealedKeys(owner, [{ name: `wallet:${request.wallet}`, asker: { owner: request } }], request.content.scopes),
    async run({ request }, effects, given) {
      // Erased since the keys were sealed: the answer would keep for ever what the erasure has overwritten.
      if ((await effects.root())?.erased) throw new ApiProblem('erased');
      return { id: request.id, keys: given };
    },
  });
