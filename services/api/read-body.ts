import type { IncomingMessage } from 'node:http';
import { promisify, types } from 'node:util';
import zlib from 'node:zlib';
import { ProtocolError } from '../../protocol/index.ts';
import type { BodyBudget } from './body-budget.ts';
import type { Encoding } from './content.ts';
import { ApiProblem } from './problems.ts';

/** Decoded bytes of a batch at most; the default. */
const MAX_BODY_BYTES = 2_000_000;
/** A body that does not compress grows a little by being encoded. */
const ENCODING_BYTES = 64 * 1024;

const INFLATE = {
  gzip: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  deflate: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate),
  br: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
};

export interface Body {
  readonly bytes: Uint8Array;
  /** Gives the bytes back to the budget. Call once, when the request is answered. */
  release(): void;
}

/** The client went away before its request was complete: nobody to answer. */
export class ClientGone extends Error {}

/**
 * Reads and decodes a request body. Everything held is taken from the budget, chunk by chunk.
 * @param most decoded bytes at most
 * @throws ProtocolError `body_too_large` as soon as one byte too many is seen, encoded or decoded
 * @throws ApiProblem `overloaded` when the budget is spent, `content_encoding` when it does not decode
 */
export async function readBody(
  request: IncomingMessage,
  encoding: Encoding,
  budget: BodyBudget,
  most = MAX_BODY_BYTES,
): Promise<Body> {
  const limit = encoding === 'identity' ? most : most + ENCODING_BYTES;
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new ProtocolError('body_too_large');
  let held = 0;
  const hold = (bytes: number) => {
    budget.take(bytes);
    held += bytes;
  };
  const release = () => {
    budget.give(held);
    held = 0;
  };
  try {
    const raw = await collect(request, limit, hold);
    if (encoding === 'identity') return { bytes: raw, release };
    // What it will inflate to is not known: the most it may be is set aside until it is.
    hold(most);
    const bytes = await inflate(raw, encoding, most);
    release();
    hold(bytes.length);
    return { bytes, release };
  } catch (error) {
    release();
    throw error;
  }
}

function collect(request: IncomingMessage, limit: number, hold: (bytes: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stop = (error: unknown) => {
      request.off('data', take).off('end', finish).off('close', gone).off('error', gone);
      reject(error);
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) return stop(new ProtocolError('body_too_large'));
      try {
        hold(chunk.length);
      } catch (error) {
        return stop(error);
      }
      chunks.push(chunk);
    };
    const finish = () => {
      request.off('close', gone).off('error', gone);
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length));
    };
    const gone = () => stop(new ClientGone('the client went away'));
    request.on('data', take).on('end', finish).on('close', gone).on('error', gone);
  });
}

async function inflate(raw: Buffer, encoding: Exclude<Encoding, 'identity'>, most: number): Promise<Uint8Array> {
  try {
    // The limit is checked after every chunk of output, so a bomb costs at most the limit.
    return await INFLATE[encoding](raw, { maxOutputLength: most, chunkSize: 64 * 1024 });
  } catch (error) {
    const code = types.isNativeError(error) && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new ProtocolError('body_too_large');
    throw new ApiProblem('content_encoding');
  }
}
