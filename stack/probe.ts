import { connect } from 'node:net';

const TIMEOUT_MS = 1_000;

/** Whether something accepts connections there. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: TIMEOUT_MS });
    const done = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => done(true));
    socket.once('timeout', () => done(false));
    socket.once('error', () => done(false));
  });
}

/** Whether an HTTP request gets a 2xx. */
export async function answers(url: string, method = 'GET'): Promise<boolean> {
  try {
    const response = await fetch(url, { method, signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // refused or silent: not yet
  }
}
