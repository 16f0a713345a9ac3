import type { ServerResponse } from 'node:http';
import { REMOVED_FRESH_MS } from '../../pipeline/ports/removed-events.ts';
import { ClientGone } from '../read-body.ts';
import { cutWhenRemoved, MOST_ASKING_MS } from '../removals/cut-when-removed.ts';

/** What is written at once, characters: large enough to cost little, and below the 128 KiB from which on V8 makes strings far more slowly. */
export const PIECE = 96 * 1024;

/** What is written was asked for `REMOVED_FRESH_MS / 2` ago at most. */
const WAITING_MS = REMOVED_FRESH_MS / 2 - MOST_ASKING_MS;
const always = async () => true;

/** Writes lines as fast as they are read. The head goes out with the first of them. */
export function createLineWriter(response: ServerResponse) {
  return {
    /**
     * @param isThere whether what is written may still be: asked again and again until the last byte is with the kernel, and the connection ends when not
     * @returns when it may go on. @throws ClientGone when nobody reads any more
     */
    async write(text: string, isThere: () => Promise<boolean> = always): Promise<void> {
      if (response.destroyed) throw new ClientGone('the client went away');
      if (!response.headersSent)
        response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
      if (response.write(Buffer.from(text))) return;
      const isOut = cutWhenRemoved(response, isThere, WAITING_MS);
      await drained(response).finally(isOut);
      if (response.destroyed) throw new ClientGone('the client went away');
    },
  };
}

/** Resolves when it may go on, or never will: a connection that is closed does not drain. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    function end(): void {
      response.off('drain', end);
      response.off('close', end);
      resolve();
    }
    response.on('drain', end);
    response.on('close', end);
  });
}

export type LineWriter = ReturnType<typeof createLineWriter>;
