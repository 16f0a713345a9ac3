import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

/** What a stream of rows costs at least: a SELECT through a server-side cursor, a thousand lines at a time, written as they are. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const server = createServer(async (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('DECLARE lines CURSOR FOR SELECT line FROM bench_lines ORDER BY n');
  for (;;) {
    const { rows } = await client.query<{ line: string }>('FETCH 1000 FROM lines');
    if (rows.length === 0) break;
    const text = rows.map((row) => row.line).join('');
    if (!response.write(text)) await new Promise((resolve) => response.once('drain', resolve));
  }
  await client.query('COMMIT');
  client.release();
  response.end();
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ message: 'listening', port: (server.address() as AddressInfo).port }));
});
process.on('SIGTERM', () => process.exit(0));
