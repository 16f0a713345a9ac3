import { createServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import postgres from '../postgres.ts';
import { openPool } from './pool.ts';

const before = process.env.PGPASSWORD;
afterEach(() => {
  if (before === undefined) delete process.env.PGPASSWORD;
  else process.env.PGPASSWORD = before;
});

/** What a server is sent that asks for the password in clear, by a pool of this configuration. */
async function passwordFrom(url: (port: number) => string, password?: string): Promise<string> {
  let sent = '';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
      socket.once('data', (answer) => {
        sent = answer.subarray(5, -1).toString('utf8');
        socket.destroy();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const limits = { statementTimeoutMs: 5_000, connectTimeoutMs: 5_000 };
  const pool = openPool({ url: url(port), password, tls: 'off', ...limits });
  await expect(pool.query('SELECT 1')).rejects.toThrow();
  await pool.close();
  await new Promise((resolve) => server.close(resolve));
  return sent;
}

test('the password is the one that was said, and never one that this machine has', async () => {
  process.env.PGPASSWORD = 'of the machine';
  const bare = (port: number) => `postgres://user@127.0.0.1:${port}/db`;
  expect(await passwordFrom((port) => `postgres://user:in%20url@127.0.0.1:${port}/db`)).toBe('in url');
  expect(await passwordFrom(bare, 'beside it')).toBe('beside it');
  expect(await passwordFrom(bare)).toBe('');
});

test('a URL says server and database, and no socket or file of this machine', () => {
  const judge = (url: string) => postgres.config.safeParse({ url, schema: 's' }).success;
  for (const url of ['postgres://u@h:5432/d', 'postgresql://u:p@[::1]/d', 'postgres://h/d'])
    expect([url, judge(url)]).toEqual([url, true]);
  for (const url of [
    ...['postgres://u@%2Fvar%2Frun%2Fpostgresql/d', 'postgres:///d', 'postgres://u@h/d?host=/var/run/postgresql'],
    ...['postgres://u@h/d?sslkey=/etc/key', 'postgres://u@h/d?options=-cx%3Dy', 'socket:/var/run/postgresql'],
  ])
    expect([url, judge(url)]).toEqual([url, false]);
});
