import type { IncomingMessage } from 'node:http';

const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/;
const ids = new WeakMap<IncomingMessage, string>();

/**
 * Gives every request an id: that which it brings in `X-Request-Id`, or a new one.
 * @param prefix random, so that no two processes make the same
 */
export function createRequestIds(prefix: string): (request: IncomingMessage) => string {
  let made = 0;
  return (request) => {
    const given = request.headers['x-request-id'];
    if (typeof given === 'string' && WELL_FORMED.test(given)) return keep(request, given);
    made += 1;
    return keep(request, `${prefix}-${made.toString(36)}`);
  };
}

/** The id that it was given. */
export const requestIdOf = (request: IncomingMessage): string => ids.get(request) ?? '';

function keep(request: IncomingMessage, id: string): string {
  ids.set(request, id);
  return id;
}
