import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: passed on when it is its turn, as it is or changed; answered in its place; or done, and the answer lost. */
export type Fate =
  | { readonly kind: 'pass'; readonly when?: Promise<void> }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    }
  /** The first items of a `_bulk` are done; the cluster has no room for the others. */
  | { readonly kind: 'half'; readonly items: number }
  | { readonly kind: 'silence' }
  | { readonly kind: 'lose' };

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** Stands between a client and a cluster. */
export interface HttpProxy {
  readonly url: string;
  fate: (seen: Seen) => Fate;
  close(): void;
}

const NO_ROOM = { index: { status: 429, error: { type: 'rejected_execution_exception', reason: 'no room' } } };

export async function startHttpProxy(target: string): Promise<HttpProxy> {
  const { hostname: host, port } = new URL(target);

  const passOn = (
    { method, url: path, headers }: IncomingMessage,
    body: string,
  ): Promise<{ answer: IncomingMessage; text: string }> =>
    new Promise((resolve, reject) => {
      const sent = { ...headers, 'content-length': String(Buffer.byteLength(body)) };
      const onward = ask({ host, port, path, method, headers: sent }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => resolve({ answer, text }));
      });
      onward.on('error', reject);
      onward.end(body);
    });

  async function half(incoming: IncomingMessage, body: string, items: number): Promise<string> {
    const lines = body.split('\n').slice(0, -1);
    const { text } = await passOn(incoming, `${lines.slice(0, 2 * items).join('\n')}\n`);
    const done = JSON.parse(text) as { items: unknown[] };
    const rest = Array.from({ length: lines.length / 2 - items }, () => NO_ROOM);
    return JSON.stringify({ ...done, errors: true, items: [...done.items, ...rest] });
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of incoming.setEncoding('utf8')) body += part;
    const { method = '', url = '' } = incoming;
    const fate = proxy.fate({ method, url, body });
    const json = { 'content-type': 'application/json' };
    if (fate.kind === 'silence') return;
    if (fate.kind === 'answer') {
      outgoing.writeHead(fate.status, { ...json, ...fate.headers }).end(fate.body);
      return;
    }
    if (fate.kind === 'half') {
      outgoing.writeHead(200, json).end(await half(incoming, body, fate.items));
      return;
    }
    if (fate.kind === 'pass') await fate.when;
    const { answer, text } = await passOn(incoming, body);
    if (fate.kind === 'lose') outgoing.destroy();
    else outgoing.writeHead(answer.statusCode ?? 502, json).end(text);
  }

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: HttpProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fate: () => ({ kind: 'pass' }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}
