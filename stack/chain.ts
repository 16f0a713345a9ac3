import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeArguments } from './built.ts';
import { launch } from './launch.ts';
import type { Part } from './part.ts';
import { freePort } from './port.ts';
import { listens } from './probe.ts';

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
    const script = nodeArguments('stack/chain/sandbox.ts');
    return launch(
      {
        name: 'chain',
        url: `ws://127.0.0.1:${port}`,
        command: process.execPath,
        args: [...script, '--port', String(port), '--db', join(folder, 'blocks.sqlite')],
        cwd: folder,
        ready: async (log) => log.includes('"message":"listening"') && (await listens(port)),
      },
      options,
    );
  },
};
