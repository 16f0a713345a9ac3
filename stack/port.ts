import { createServer } from 'node:net';

const LOWEST = 20_000;
/** Ports from 32768 on are handed out by Linux to outgoing connections: one of those could take a part's port while it is restarted. */
const HIGHEST = 32_000;

const free = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** A free port of 127.0.0.1, chosen at random. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await free(port)) return port;
  }
}
