import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerProblem, discardRest } from '../answer.ts';
import { type ClientAddress, limitKey } from '../limits/client-address.ts';
import type { Limiter } from '../limits/limiter.ts';
import { onOver } from '../over.ts';
import type { Telemetry } from '../telemetry.ts';
import { UNLIMITED } from '../unlimited.ts';
import type { Cors } from './cors.ts';
import { securityHeaders } from './security-headers.ts';

/** What every request passes before any route. @returns whether it is answered already; a promise only for browsers */
export type Entrance = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface EntranceDeps {
  readonly requestId: (request: IncomingMessage) => string;
  readonly clientAddress: ClientAddress;
  readonly addresses: Limiter;
  readonly cors: Cors;
  readonly telemetry: Pick<Telemetry, 'refused'>;
  /** 0: no header. */
  readonly hstsSeconds: number;
}

const seen = new WeakMap<IncomingMessage, string>();
/** Address of the client, as far as its proxies are trusted. */
export const addressOf = (request: IncomingMessage): string => seen.get(request) ?? '';

/** An id, the headers of every answer, the limits of the address, CORS; in this order, so that refusals have the headers too. */
export function createEntrance(deps: EntranceDeps): Entrance {
  return (request, response) => {
    response.setHeader('x-request-id', deps.requestId(request));
    const path = request.url ?? '';
    for (const [name, value] of securityHeaders(path, deps.hstsSeconds)) response.setHeader(name, value);
    const address = deps.clientAddress(request.socket.remoteAddress, request.headers['x-forwarded-for']);
    seen.set(request, address);
    if (!UNLIMITED.has(path)) {
      try {
        onOver(response, deps.addresses.enter(limitKey(address)));
      } catch (error) {
        return refuse(deps, request, response, error);
      }
    }
    if (request.headers.origin === undefined) return false;
    return deps.cors.begin(request, response).catch((error: unknown) => refuse(deps, request, response, error));
  };
}

function refuse(
  { telemetry }: EntranceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): boolean {
  discardRest(request);
  telemetry.refused('entrance', answerProblem(response, error), error);
  return true;
}
