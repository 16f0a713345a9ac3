// A webhook's receiver as a process: `receiver-main.js <port> <file>`. What it is sent is on its disk before it answers, a line a message:
// `{id, kind, body}`. It judges nothing; who counts reads the file.
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';

const [port = '0', path = ''] = process.argv.slice(2);
const file = await open(path, 'a');

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // Whoever sent it died in the middle: it was not sent.
    return;
  }
  const { headers } = request;
  const body = Buffer.concat(chunks).toString('utf8');
  // A line of its own also after half a line of a process that was killed.
  await file.appendFile(`\n${JSON.stringify({ id: headers['webhook-id'], kind: headers['ddc-message'], body })}\n`);
  await file.sync();
  response.end('{}');
});
server.listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
