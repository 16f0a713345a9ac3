import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/** Health and metrics of a worker. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/livez` (the process answers), `/readyz` (it works on its partitions) and `/metrics`.
 * @param port 0 for a free one
 */
export async function serveHealth(
  host: string,
  port: number,
  ready: () => boolean,
  metrics: Metrics,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type }).end(body);
    const path = request.url?.split('?')[0];
    if (path === '/livez') answer(200, 'text/plain', 'ok\n');
    else if (path === '/readyz') answer(ready() ? 200 : 503, 'text/plain', ready() ? 'ready\n' : 'not ready\n');
    else if (path === '/metrics') {
      metrics.text().then(
        (text) => answer(200, metrics.contentType, text),
        (error) => answer(500, 'text/plain', `${String(error)}\n`),
      );
    } else answer(404, 'text/plain', 'only /livez, /readyz and /metrics are here\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
