import { Agent, request } from 'node:http';

/** One prepared request. */
export interface Shot {
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * Sends every shot once over `connections` keep-alive connections and waits for every answer.
 * @returns seconds from the first request to the last answer.
 * @throws when an answer is not 202.
 */
export async function fire(port: number, shots: readonly Shot[], connections: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let shot = shots[next++]; shot; shot = shots[next++]) await post(agent, port, shot);
  };
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: Math.min(connections, shots.length) }, lane));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  agent.destroy();
  return seconds;
}

function post(agent: Agent, port: number, shot: Shot): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': shot.contentType, 'content-length': shot.body.length };
    const sent = request({ host: '127.0.0.1', port, path: shot.path, method: 'POST', agent, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 202) resolve();
        else reject(new Error(`${shot.path} answered ${answer.statusCode}: ${Buffer.concat(chunks).toString()}`));
      });
    });
    sent.on('error', reject);
    sent.end(shot.body);
  });
}
