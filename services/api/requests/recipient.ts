import { z } from 'zod';
import { toHex } from '../../../protocol/index.ts';
import { hex32, requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';

/** Registers an encryption-key certificate: whoever wants to grant something to this wallet finds it here. */
export const recipient = defineHandler<'recipient'>({
  kind: 'recipient',
  path: '/v1/certificates',
  status: 201,
  summary: 'Register an encryption key',
  answer: z.object({ id: requestId, x25519: hex32 }),
  run: async ({ request }) => ({ id: request.id, x25519: toHex(request.content.x25519) }),
});
