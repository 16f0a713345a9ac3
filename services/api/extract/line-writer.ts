import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { ClientGone } from '../read-body.ts';

/** What is written at once, characters: small enough to stop soon, large enough to cost little. */
export const PIECE = 64 * 1024;

/** Writes lines as fast as they are read. The head goes out with the first of them. */
export function createLineWriter(response: ServerResponse) {
  return {
    /** @returns when it may go on. @throws ClientGone when nobody reads any more */
    async write(text: string): Promise<void> {
      if (response.destroyed) throw new ClientGone('the client went away');
      if (!response.headersSent)
        response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
      if (response.write(text)) return;
      const left = new AbortController();
      const { signal } = left;
      // Whichever comes first; a connection that is closed never drains.
      await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
        left.abort(),
      );
      if (response.destroyed) throw new ClientGone('the client went away');
    },
  };
}

export type LineWriter = ReturnType<typeof createLineWriter>;
