import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, and behaves as networks and servers do on a bad day. */
export interface TcpProxy {
  readonly port: number;
  /** `hang`: takes everything and passes nothing on. `refuse`: no connection lives. Going on, what hung is cut. */
  mode: 'pass' | 'hang' | 'refuse';
  /** Once the client says this, the server hears it, and its answer is lost with the connection. Once. */
  loseAnswerTo: string | null;
  close(): void;
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let mode: TcpProxy['mode'] = 'pass';
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  const server = createServer((client) => {
    if (mode === 'refuse') {
      client.destroy();
      return;
    }
    const upstream = connect({ host, port });
    let deaf = false;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk: Buffer) => {
        if (mode === 'hang') return;
        if (from === upstream && deaf) {
          client.destroy();
          return;
        }
        const { loseAnswerTo } = proxy;
        if (from === client && loseAnswerTo !== null && chunk.includes(loseAnswerTo)) {
          deaf = true;
          proxy.loseAnswerTo = null;
        }
        to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    get mode() {
      return mode;
    },
    set mode(next) {
      if (next === 'refuse' || mode === 'hang') cutAll();
      mode = next;
    },
    loseAnswerTo: null,
    close() {
      cutAll();
      server.close();
    },
  };
  return proxy;
}
