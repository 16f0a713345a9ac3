import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { launch } from './launch.ts';
import type { Part } from './part.ts';
import { freePort } from './port.ts';
import { listens } from './probe.ts';

/** `node` arguments that run the sandbox chain, from the sources or from what was built of them. */
function script(): string[] {
  const built = fileURLToPath(new URL('./chain/sandbox.js', import.meta.url));
  if (existsSync(built)) return [built];
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return ['--import', tsx, fileURLToPath(new URL('./chain/sandbox.ts', import.meta.url))];
}

/** The sandbox chain of `stack/chain/`: a Substrate runtime, run by chopsticks. Its blocks are kept in a file. */
export const chain: Part = {
  name: 'chain',
  env: 'CHAIN_RPC',
  containerPort: 9944,
  url: (address) => `ws://${address}`,
  async prepare() {},
  async start(options) {
    const folder = join(options.folder, 'chain');
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    return launch(
      {
        name: 'chain',
        url: `ws://127.0.0.1:${port}`,
        command: process.execPath,
        args: [...script(), '--port', String(port), '--db', join(folder, 'blocks.sqlite')],
        cwd: folder,
        ready: async (log) => log.includes('"message":"listening"') && (await listens(port)),
      },
      options,
    );
  },
};
