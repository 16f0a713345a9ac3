import { z } from 'zod';
import { toHex } from '../../../protocol/index.ts';
import { MOST_CERTIFICATES } from '../auth/askers.ts';
import { ApiProblem } from '../problems.ts';
import { hex32, requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';

/**
 * Registers an encryption-key certificate: whoever wants to grant something to this wallet finds it here. A certificate does not prove that
 * its wallet holds the secret half, and a grant names only the key: so the key belongs to the wallet that registers it first.
 */
export const recipient = defineHandler<'recipient'>({
  kind: 'recipient',
  path: '/v1/certificates',
  status: 201,
  summary: 'Register an encryption key',
  note: `Where events are returned or envelopes opened for a wallet, its newest ${MOST_CERTIFICATES} certificates that have not expired count.`,
  answer: z.object({ id: requestId, x25519: hex32 }),
  problems: { 409: '`key_taken`' },
  async run({ request }, effects) {
    const { x25519 } = request.content;
    if (await effects.keyOfAnother(x25519)) throw new ApiProblem('key_taken');
    return { id: request.id, x25519: toHex(x25519) };
  },
});
