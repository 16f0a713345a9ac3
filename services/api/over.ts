import type { EventEmitter } from 'node:events';

/** What is looked at of a response: it ends with its answer, or with its connection. */
export interface Ending extends Pick<EventEmitter, 'once' | 'on' | 'off'> {
  readonly closed: boolean;
  readonly destroyed: boolean;
  readonly req: { readonly socket: Pick<EventEmitter, 'once' | 'off'> & { readonly destroyed: boolean } };
}

const waiting = new WeakMap<Ending, Set<() => void>>();

/** Nobody will read it any more. */
export const isGone = (response: Ending): boolean => response.destroyed || response.req.socket.destroyed;

/**
 * Calls once, when a response is out or its connection gone, whichever comes first. The connection is asked itself: a response that was never
 * given it, because an earlier one on the same connection was not out, hears nothing of its end.
 * @returns takes the call back
 */
export function onOver(response: Ending, call: () => void): () => void {
  const calls = waiting.get(response) ?? watch(response);
  const once = () => call();
  calls.add(once);
  return () => void calls.delete(once);
}

/** One listener on the connection for each response, however many wait for it. */
function watch(response: Ending): Set<() => void> {
  const { socket } = response.req;
  const calls = new Set<() => void>();
  const over = () => {
    socket.off('close', over);
    response.off('close', over);
    waiting.delete(response);
    for (const call of calls) call();
    calls.clear();
  };
  // It was over before anybody waited: its events have passed.
  if (response.closed || socket.destroyed) setImmediate(over);
  socket.once('close', over);
  response.once('close', over);
  waiting.set(response, calls);
  return calls;
}

/** Resolves when more may be written, or nobody reads any more. */
export function drained(response: Ending): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      takeBack();
      resolve();
    };
    const takeBack = onOver(response, done);
    response.on('drain', done);
  });
}
