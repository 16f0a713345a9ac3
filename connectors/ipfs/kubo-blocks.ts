import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { CID } from 'multiformats/cid';

/** A connection that nobody used for so long may be closed at the other end by now. */
const IDLE_MS = 4_000;

/**
 * Blocks of a Kubo node, over its RPC API and nothing between: whoever reads a whole app reads thousands of them, and the client's
 * streams of streams cost more than what is done with the block.
 */
export function openBlocks(url: string) {
  const isTls = url.startsWith('https:');
  const send = isTls ? httpsRequest : httpRequest;
  const agent = new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true, timeout: IDLE_MS });
  const base = new URL('api/v0/block/get', url.endsWith('/') ? url : `${url}/`);

  async function ask(cid: CID, signal: AbortSignal): Promise<Buffer> {
    const target = new URL(base);
    target.searchParams.set('arg', cid.toString());
    const request = send(target, { method: 'POST', agent, signal });
    request.end();
    try {
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      const body = await wholeOf(answer);
      if (answer.statusCode !== 200) throw new Error(messageIn(body, answer.statusCode ?? 0));
      return body;
    } catch (error) {
      // It was closed at the other end while the request was on its way there: nobody has looked at it.
      if (request.reusedSocket && error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
        return ask(cid, signal);
      throw error;
    }
  }

  return { get: ask, close: () => agent.destroy() };
}

async function wholeOf(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  answer.on('data', (piece: Buffer) => pieces.push(piece));
  await once(answer, 'end');
  return Buffer.concat(pieces);
}

/** What the node says of an error, `{"Message": …}`. */
function messageIn(body: Buffer, status: number): string {
  const text = body.toString('utf8', 0, 1_000);
  return `${status} ${/"Message":"((?:[^"\\\\]|\\\\.)*)"/.exec(text)?.[1] ?? text}`;
}
