import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: passed on when it is its turn; answered without the store; or done by the store, and the answer lost. */
export type Fate =
  | { readonly kind: 'pass'; readonly when?: Promise<void> }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
    }
  | { readonly kind: 'silence' }
  | { readonly kind: 'lose' };

/** A refusal, as stores tell it. */
export const refusal = (status: number, code: string): Fate => ({
  kind: 'answer',
  status,
  body: `<Error><Code>${code}</Code><Message>as the test wants it</Message></Error>`,
});

/** A request as far as tests ask. `key` is what follows the bucket; `copy`: whether its content is that of another object. */
export interface Seen {
  readonly method: string;
  readonly key: string;
  readonly query: string;
  readonly copy: boolean;
}

/** Stands between a sink and the store, and decides what becomes of every request. Signatures hold: the host that was signed is passed on. */
export interface S3Proxy {
  readonly endpoint: string;
  /** Asked for every request, in the order in which they come. */
  fate: (seen: Seen) => Fate;
  readonly seen: Seen[];
  close(): void;
}

export async function startS3Proxy(store: string, bucket: string): Promise<S3Proxy> {
  const target = new URL(store);

  function seenIn({ method = '', url = '', headers }: IncomingMessage): Seen {
    const [path = '', query = ''] = url.split('?');
    const copy = headers['x-amz-copy-source'] !== undefined;
    return { method, key: decodeURIComponent(path.slice(bucket.length + 2)), query, copy };
  }

  function passOn(incoming: IncomingMessage, outgoing: ServerResponse, lose: boolean): void {
    const { headers } = incoming;
    const onward = ask(
      { host: target.hostname, port: target.port, path: incoming.url, method: incoming.method, headers },
      (answer) => {
        if (lose) answer.resume().on('end', () => outgoing.destroy());
        else answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers));
      },
    );
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  }

  const server = createServer(async (incoming, outgoing) => {
    const seen = seenIn(incoming);
    proxy.seen.push(seen);
    const fate = proxy.fate(seen);
    if (fate.kind === 'pass') {
      await fate.when;
      passOn(incoming, outgoing, false);
    } else if (fate.kind === 'lose') passOn(incoming, outgoing, true);
    else if (fate.kind === 'answer') {
      incoming.resume();
      outgoing.writeHead(fate.status, { 'content-type': 'application/xml' });
      outgoing.end(fate.body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: S3Proxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fate: () => ({ kind: 'pass' }),
    seen: [],
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}
