import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a careful page allows itself: no text becomes code, wasm does. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const HTML = '<!doctype html><title>sdk</title><script type="module" src="/main.js"></script>';
const MAIN = "import * as sdk from '/sdk.js'; globalThis.sdk = sdk;";

/** A page that has loaded a bundle as `globalThis.sdk`; everything under `/v1/` goes on to an API, as a site puts it behind its own address. */
export async function servePage(bundle: Uint8Array, api: string) {
  const files: Record<string, [string, string | Uint8Array]> = {
    '/': ['text/html', HTML],
    '/main.js': ['text/javascript', MAIN],
    '/sdk.js': ['text/javascript', bundle],
  };
  const server = createServer(async (request, response) => {
    const { url = '/', method = 'GET', headers } = request;
    const file = files[url];
    if (file) {
      response.writeHead(200, { 'content-type': file[0], 'content-security-policy': POLICY }).end(file[1]);
      return;
    }
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const passed = ['content-type', 'authorization'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value] as [string, string]] : [];
    });
    const sent = method === 'GET' ? {} : { body: Buffer.concat(body) };
    const answer = await fetch(`${api}${url}`, { method, headers: passed, ...sent });
    response
      .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
      .end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
