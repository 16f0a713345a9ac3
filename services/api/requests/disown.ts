import { z } from 'zod';
import { fromHex, toHex } from '../../../protocol/index.ts';
import type { TokenRevocation } from '../../pipeline/ports/token-revocations.ts';
import { REFRESH_MS, type RevokedTokens } from '../auth/revoked-tokens.ts';
import { requestId } from '../shapes.ts';
import { type Asked, defineHandler } from './handler.ts';

/** A token lasts 24 hours at most; what clocks may differ by is on top. */
const LONGEST_MS = 24 * 3_600_000 + 10 * 60_000;

/** Ends a token of the author's, or one that was signed under it. */
export const disown = (revoked: Pick<RevokedTokens, 'add'>) => {
  const revocationOf = ({ request, now }: Asked<'disown'>): TokenRevocation => ({
    author: fromHex(request.signer === 'app' ? request.app : request.wallet, 32),
    token: request.content.token,
    until: now + LONGEST_MS,
  });
  return defineHandler<'disown'>({
    kind: 'disown',
    path: '/v1/tokens/revoke',
    status: 201,
    summary: 'Revoke a token',
    note: 'By its id, which need not have been seen here: tokens are not stored. A token dated ahead is revoked once it is valid: the list forgets a revocation after 24 hours and 10 minutes.',
    answer: z.object({ id: requestId, token: requestId, effectiveWithinSeconds: z.int() }),
    async run(asked, effects) {
      await effects.disown(revocationOf(asked));
      const { id, content } = asked.request;
      return { id, token: toHex(content.token), effectiveWithinSeconds: REFRESH_MS / 1_000 };
    },
    after: (asked) => revoked.add(revocationOf(asked)),
  });
};
