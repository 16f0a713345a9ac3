import type { ServerResponse } from 'node:http';
import { REMOVED_FRESH_MS } from '../../pipeline/ports/removed-events.ts';
import { drained, isGone } from '../over.ts';
import { ClientGone } from '../read-body.ts';
import { cutWhenRemoved, MOST_ASKING_MS } from '../removals/cut-when-removed.ts';
import type { Patience } from './patience.ts';

/** What is written was asked for `REMOVED_FRESH_MS / 2` ago at most. */
const WAITING_MS = REMOVED_FRESH_MS / 2 - MOST_ASKING_MS;
const always = async () => true;

/** What an answer's lines look like on the wire. */
export interface LineForm {
  readonly head: Readonly<Record<string, string>>;
  readonly text: (lines: string) => string;
}

/** A line an object. */
export const NDJSON: LineForm = {
  head: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
  text: (lines) => lines,
};

/** Bytes of the buffer that a stream writes from: what it writes at once, with room for characters of several bytes. */
const BUFFER = 1024 * 1024;

/** Writes lines as fast as they are read; whoever reads too slowly is cut, and may go on by the cursor that came last. The head goes out with the first line. */
export function createLineWriter(response: ServerResponse, patience: Patience, form: LineForm = NDJSON) {
  // The same memory for every write: memory that is new each time costs more than the copy. undefined: nothing was written; null: it is not out yet.
  let buffer: Buffer | null | undefined;

  /** @returns whether there is room for more, as of a stream */
  function send(texts: readonly string[]): boolean {
    const own = buffer === undefined ? Buffer.allocUnsafeSlow(BUFFER) : buffer;
    const bytes = own && encodeInto(own, texts);
    if (!bytes) {
      const whole = Buffer.from(texts.join(''));
      patience.moved(whole.length);
      return response.write(whole);
    }
    buffer = null;
    patience.moved(bytes.length);
    return response.write(bytes, () => {
      buffer = own;
    });
  }

  return {
    /**
     * @param texts whole lines
     * @param isThere whether what is written may still be: asked again and again until the last byte is with the kernel, and the connection ends when not
     * @returns when it may go on. @throws ClientGone when nobody reads any more
     */
    async write(texts: readonly string[], isThere: () => Promise<boolean> = always): Promise<void> {
      if (isGone(response)) throw new ClientGone('the client went away');
      if (!response.headersSent) response.writeHead(200, form.head);
      if (send(texts.map(form.text))) return;
      const isOut = cutWhenRemoved(response, isThere, WAITING_MS);
      await patience.wait(drained(response), () => response.req.socket.destroy()).finally(isOut);
      if (isGone(response)) throw new ClientGone('the client went away');
    },
  };
}

/** @returns the part that the texts fill, null when they might not fit */
function encodeInto(buffer: Buffer, texts: readonly string[]): Buffer | null {
  let at = 0;
  for (const text of texts) {
    // No character takes more than three bytes for each of its code units.
    if (text.length * 3 > buffer.length - at) return null;
    at += buffer.write(text, at);
  }
  return buffer.subarray(0, at);
}

export type LineWriter = ReturnType<typeof createLineWriter>;
