import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between a process and the node: remembers what was stored, and can change a block on its way out. */
export interface KuboProxy {
  readonly url: string;
  /** CIDs of the blocks that were stored through it. */
  readonly stored: Set<string>;
  /** CIDs of blocks of which a bit is flipped when they are asked for. */
  readonly flipped: Set<string>;
  /** Which of what was stored the node has pinned, in whatever way. */
  pinned(): Promise<string[]>;
  close(): void;
}

export async function startKuboProxy(node: string): Promise<KuboProxy> {
  const stored = new Set<string>();
  const flipped = new Set<string>();
  const proxy = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '', node);
    const onward = ask(url, { method: incoming.method, headers: { ...incoming.headers, host: url.host } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const body = Buffer.concat(parts);
        if (url.pathname.endsWith('/block/put')) stored.add((JSON.parse(body.toString()) as { Key: string }).Key);
        if (url.pathname.endsWith('/block/get') && flipped.has(url.searchParams.get('arg') ?? ''))
          body.writeUInt8(body.readUInt8(99) ^ 1, 99);
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
      });
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    stored,
    flipped,
    async pinned() {
      const answer = await fetch(`${node}/api/v0/pin/ls?type=all`, { method: 'POST' });
      const { Keys = {} } = (await answer.json()) as { Keys?: Record<string, unknown> };
      return [...stored].filter((cid) => Object.hasOwn(Keys, cid));
    },
    close() {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}
