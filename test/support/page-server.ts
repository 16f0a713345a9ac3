import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const HTML = '<!doctype html><title>sdk</title><script type="module" src="/main.js"></script>';
const MAIN = "import * as sdk from '/sdk.js'; globalThis.sdk = sdk;";

/** A page that has loaded a bundle as `globalThis.sdk`, and may ask an API of another origin. */
export async function servePage(bundle: Uint8Array, api: string) {
  const files: Record<string, [string, string | Uint8Array]> = {
    '/': ['text/html', HTML],
    '/main.js': ['text/javascript', MAIN],
    '/sdk.js': ['text/javascript', bundle],
  };
  // What a careful page allows itself: no text becomes code, wasm does.
  const policy = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${api}`;
  const server = createServer(({ url = '/' }, response) => {
    const file = files[url];
    if (file) response.writeHead(200, { 'content-type': file[0], 'content-security-policy': policy }).end(file[1]);
    else response.writeHead(404).end();
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
