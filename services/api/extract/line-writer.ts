import type { ServerResponse } from 'node:http';
import { REMOVED_FRESH_MS } from '../../pipeline/ports/removed-events.ts';
import { drained, isGone } from '../over.ts';
import { ClientGone } from '../read-body.ts';
import { cutWhenRemoved, MOST_ASKING_MS } from '../removals/cut-when-removed.ts';
import type { Patience } from './patience.ts';

/** What is written at once, characters: large enough to cost little, and below the 128 KiB from which on V8 makes strings far more slowly. */
export const PIECE = 96 * 1024;

/** What is written was asked for `REMOVED_FRESH_MS / 2` ago at most. */
const WAITING_MS = REMOVED_FRESH_MS / 2 - MOST_ASKING_MS;
const always = async () => true;

export const LINES = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' };

/** Writes lines as fast as they are read; whoever reads too slowly is cut, and may go on by the cursor that came last. The head goes out with the first line. */
export function createLineWriter(response: ServerResponse, patience: Patience) {
  return {
    /**
     * @param isThere whether what is written may still be: asked again and again until the last byte is with the kernel, and the connection ends when not
     * @returns when it may go on. @throws ClientGone when nobody reads any more
     */
    async write(text: string, isThere: () => Promise<boolean> = always): Promise<void> {
      if (isGone(response)) throw new ClientGone('the client went away');
      if (!response.headersSent) response.writeHead(200, LINES);
      const bytes = Buffer.from(text);
      const isRoom = response.write(bytes);
      patience.moved(bytes.length);
      if (isRoom) return;
      const isOut = cutWhenRemoved(response, isThere, WAITING_MS);
      await patience.wait(drained(response), () => response.req.socket.destroy()).finally(isOut);
      if (isGone(response)) throw new ClientGone('the client went away');
    },
  };
}

export type LineWriter = ReturnType<typeof createLineWriter>;
