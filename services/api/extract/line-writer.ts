import type { ServerResponse } from 'node:http';
import { drained, isGone } from '../over.ts';
import { ClientGone } from '../read-body.ts';
import type { Patience } from './patience.ts';

/** What is written at once, characters: large enough to cost little, and below the 128 KiB from which on V8 makes strings far more slowly. */
export const PIECE = 96 * 1024;

export const LINES = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' };

/** Writes lines as fast as they are read; whoever reads too slowly is cut, and may go on by the cursor that came last. The head goes out with the first line. */
export function createLineWriter(response: ServerResponse, patience: Patience) {
  return {
    /** @returns when it may go on. @throws ClientGone when nobody reads any more */
    async write(text: string): Promise<void> {
      if (isGone(response)) throw new ClientGone('the client went away');
      if (!response.headersSent) response.writeHead(200, LINES);
      const bytes = Buffer.from(text);
      const isRoom = response.write(bytes);
      patience.moved(bytes.length);
      if (isRoom) return;
      await patience.wait(drained(response), () => response.req.socket.destroy());
      if (isGone(response)) throw new ClientGone('the client went away');
    },
  };
}

export type LineWriter = ReturnType<typeof createLineWriter>;
