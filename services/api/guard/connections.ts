import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createInFlight } from '../limits/in-flight.ts';

/** One address holds at most so many connections; a further one is closed at once. Proxies stand for many clients and are not counted. */
export function limitConnections(server: Server, most: number, keyOf: (socket: Socket) => string | null): void {
  const open = createInFlight(most);
  server.on('connection', (socket) => {
    const key = keyOf(socket);
    if (key === null) return;
    const leave = open.enter(key);
    if (leave) socket.once('close', leave);
    else socket.destroy();
  });
}
