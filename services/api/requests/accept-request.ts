import {
  type Credential,
  checkRequestTime,
  fromHex,
  type KindName,
  type VerifiedRequest,
  verifyRequest,
  ZERO_KEY,
} from '../../../protocol/index.ts';
import type { App } from '../../pipeline/ports/apps.ts';
import { type RequestAnswer, RequestClash, RequestForgotten, type Requests } from '../../pipeline/ports/requests.ts';
import { ApiProblem } from '../problems.ts';
import type { RequestHandler } from './handler.ts';

export interface AcceptRequestDeps {
  readonly network: string;
  readonly requests: Requests;
  readonly now: () => number;
  /** null: not registered. */
  readonly app: (app: Uint8Array) => Promise<App | null>;
}

/**
 * Accepts one signed request. A request that was accepted before gets its first answer, however old it is by now; any other must be of now.
 * @throws ProtocolError for form, signature and time; ApiProblem `unknown_app`, `request_clash`, `older_than_erasure`, and what the handler refuses
 */
export function createAcceptRequest({ network, requests, now, app }: AcceptRequestDeps) {
  return async (
    handler: RequestHandler,
    body: unknown,
    appToken: Credential | null,
    onVerified: (request: VerifiedRequest) => void,
  ): Promise<RequestAnswer> => {
    const request = verifyRequest<KindName>(body, { network, kind: handler.kind });
    onVerified(request);
    try {
      const known = await requests.find(request);
      if (known) return known;
      checkRequestTime(request, now());
      const owner = { app: fromHex(request.app, 32), wallet: fromHex(request.wallet, 32) };
      if (request.app !== ZERO_KEY && !(await app(owner.app))) throw new ApiProblem('unknown_app');
      const asked = { request, owner, now: now(), appToken };
      const prepared = await handler.before?.(asked);
      const answer = await requests.once(request, async (effects) => {
        // Signed before an erasure and held back, it would count for what is written after a re-opening.
        const erasure = await effects.lastErasure();
        if (erasure && request.issuedAt <= erasure.issuedAt) throw new ApiProblem('older_than_erasure');
        return handler.run(asked, effects, prepared);
      });
      handler.after?.(asked);
      return answer;
    } catch (error) {
      if (error instanceof RequestClash) throw new ApiProblem('request_clash');
      if (error instanceof RequestForgotten) throw new ApiProblem('older_than_erasure');
      throw error;
    }
  };
}
