import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { createLineWriter } from './line-writer.ts';
import { createPatience } from './patience.ts';

/** What a reader gets of writes, one after the other. */
async function read(writes: readonly (readonly string[])[]): Promise<string> {
  const server = createServer((_request, response) => {
    const out = createLineWriter(
      response,
      createPatience(() => performance.now()),
    );
    void (async () => {
      for (const texts of writes) await out.write(texts);
      response.end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise((resolve, reject) => {
      get({ port: (server.address() as AddressInfo).port, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => resolve(text));
      }).on('error', reject);
    });
  } finally {
    server.close();
  }
}

test('whatever its size and alphabet, a stream is what was written', async () => {
  const line = (n: number, filling: string) => `{"n":${n},"text":"${filling}"}\n`;
  const writes = [
    [line(0, 'a')],
    ...Array.from({ length: 30 }, (_, n) => [
      line(n, 'x'.repeat(90_000)),
      line(n, 'é€🎈'.repeat(20_000)),
      line(n, `${n}`),
    ]),
    [line(1, 'y'.repeat(3_000_000))],
    [line(2, '€'.repeat(700_000)), line(3, 'end')],
  ];
  const text = await read(writes);
  expect(text === writes.flat().join('')).toBe(true);
});
