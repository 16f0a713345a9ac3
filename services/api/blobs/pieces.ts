import type { IncomingMessage } from 'node:http';
import { BLOB_CHUNK, MAX_BLOB } from '../../../protocol/index.ts';
import { ApiProblem } from '../problems.ts';
import { ClientGone } from '../read-body.ts';

/** One chunk of a body. */
export interface Piece {
  /** A view of a buffer that the next piece is written into. */
  readonly bytes: Uint8Array;
  /** The body ends with it. */
  readonly last: boolean;
}

/**
 * Cuts a body into chunks as it arrives; never more than one of them is in memory, and the client is not read while one is worked on.
 * @throws ApiProblem `payload_too_large` at the first byte too many; ClientGone when it ends before its end
 */
export async function* piecesOf(request: IncomingMessage, onBytes: (bytes: number) => void): AsyncGenerator<Piece> {
  const buffer = new Uint8Array(BLOB_CHUNK);
  let held = 0;
  let total = 0;
  try {
    for await (const part of received(request)) {
      total += part.length;
      if (total > MAX_BLOB) throw new ApiProblem('payload_too_large');
      onBytes(part.length);
      for (let at = 0; at < part.length; ) {
        // Only when another byte comes is it known that the chunk before it is not the last.
        if (held === BLOB_CHUNK) {
          yield { bytes: buffer, last: false };
          held = 0;
        }
        const taken = part.subarray(at, at + BLOB_CHUNK - held);
        buffer.set(taken, held);
        held += taken.length;
        at += taken.length;
      }
    }
    yield { bytes: buffer.subarray(0, held), last: true };
  } finally {
    buffer.fill(0);
  }
}

/** The request stays open when the reader ends early: the refusal has to go out on it. */
async function* received(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  } catch (cause) {
    throw new ClientGone('the client went away', { cause });
  }
  if (!request.complete) throw new ClientGone('the client went away');
}
