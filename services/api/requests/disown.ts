import { z } from 'zod';
import { fromHex, toHex } from '../../../protocol/index.ts';
import type { TokenRevocation } from '../../pipeline/ports/token-revocations.ts';
import { REFRESH_MS, type RevokedTokens } from '../auth/revoked-tokens.ts';
import { ApiProblem } from '../problems.ts';
import { requestId } from '../shapes.ts';
import { type Asked, defineHandler } from './handler.ts';

/** Whoever may have so many tokens taken from it rotates its key instead. */
const MOST_OF_AUTHOR = 1_000;
/** A token lasts 24 hours at most; what clocks may differ by is on top. */
const LONGEST_MS = 24 * 3_600_000 + 10 * 60_000;

/** Ends a token of the author's, or one that was signed under it. */
export const disown = (revoked: Pick<RevokedTokens, 'add' | 'mustHaveRoom'>) => {
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
    problems: { 409: '`too_many_revocations`' },
    async run(asked, effects) {
      revoked.mustHaveRoom();
      const { ofAuthor } = await effects.disown(revocationOf(asked));
      if (ofAuthor > MOST_OF_AUTHOR) throw new ApiProblem('too_many_revocations');
      const { id, content } = asked.request;
      return { id, token: toHex(content.token), effectiveWithinSeconds: REFRESH_MS / 1_000 };
    },
    after: (asked) => revoked.add(revocationOf(asked)),
  });
};
