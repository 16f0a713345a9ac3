import type { IncomingMessage, ServerResponse } from 'node:http';
import { type App, originsOf } from '../../pipeline/ports/apps.ts';

/** What a browser's script may read of an answer beside the body. */
const EXPOSED = 'Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, ETag, Content-Range, Accept-Ranges';
const METHODS = 'GET, HEAD, POST';
/** Every header that some address reads and a browser would not send unasked. */
const HEADERS =
  'Authorization, DDC-App-Token, Content-Type, Content-Encoding, X-Request-Id, Range, If-Range, If-None-Match, Last-Event-ID';
/** How long a browser may remember the answer to a preflight. */
const REMEMBER_SECONDS = 600;

/** The origin of a request as CORS calls it; null: no browser's, or the same origin's. */
export const originOf = ({ headers }: IncomingMessage): string | null => headers.origin ?? null;

export const allows = (origins: readonly string[], origin: string): boolean =>
  origins.includes('*') || origins.includes(origin);

/** Lets the script that asked read the answer, or not. Never with cookies: there are none. */
function allow(response: ServerResponse, origin: string, allowed: boolean): void {
  if (allowed) response.setHeader('access-control-allow-origin', origin);
  else response.removeHeader('access-control-allow-origin');
}

/** Which browsers' pages may read answers. */
export interface Cors {
  /**
   * The first word on every request: while nobody knows which app it is of, any app's origins count. Answers a preflight, which tells neither
   * app nor token, and says so.
   * @returns whether the request is answered already
   */
  begin(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** Now the app is known: only its own origins count. */
  narrow(request: IncomingMessage, response: ServerResponse, app: App): void;
}

/** @param anyApps the origins that count of all apps together */
export function createCors(anyApps: () => Promise<readonly string[]>): Cors {
  return {
    async begin(request, response) {
      const origin = originOf(request);
      if (origin === null) return false;
      response.setHeader('vary', 'Origin');
      const allowed = allows(await anyApps(), origin);
      allow(response, origin, allowed);
      if (allowed) response.setHeader('access-control-expose-headers', EXPOSED);
      if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
      if (allowed) {
        response.setHeader('access-control-allow-methods', METHODS);
        response.setHeader('access-control-allow-headers', HEADERS);
        response.setHeader('access-control-max-age', String(REMEMBER_SECONDS));
      }
      response.writeHead(204).end();
      return true;
    },
    narrow(request, response, app) {
      const origin = originOf(request);
      if (origin !== null && !response.headersSent) allow(response, origin, allows(originsOf(app), origin));
    },
  };
}
