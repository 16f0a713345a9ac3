import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launch } from './launch.ts';
import type { Part } from './part.ts';
import { freePort } from './port.ts';
import { prepareKubo } from './prepare.mjs';
import { answers } from './probe.ts';

/** A node that talks to nobody: no peers, no gateway, no lists fetched from elsewhere. */
const quiet = (port: number): Record<string, unknown> => ({
  Addresses: {
    API: `/ip4/127.0.0.1/tcp/${port}`,
    Gateway: [],
    Swarm: [],
    Announce: [],
    AppendAnnounce: [],
    NoAnnounce: [],
  },
  AutoConf: { Enabled: false },
  AutoTLS: { Enabled: false },
  Bootstrap: [],
  DNS: { Resolvers: {} },
  Discovery: { MDNS: { Enabled: false } },
  Ipns: { DelegatedPublishers: [] },
  Plugins: { Plugins: { telemetry: { Disabled: true, Config: { Mode: 'off' } } } },
  Provide: { Enabled: false },
  Routing: { Type: 'none', DelegatedRouters: [] },
});

export const ipfs: Part = {
  name: 'ipfs',
  env: 'IPFS_API',
  containerPort: 5001,
  url: (address) => `http://${address}`,
  async prepare(progress) {
    await prepareKubo(progress);
  },
  async start(options) {
    const binary = await prepareKubo(options.progress);
    const repo = join(options.folder, 'ipfs');
    const env = { ...process.env, IPFS_PATH: repo, IPFS_TELEMETRY: 'off' };
    mkdirSync(repo, { recursive: true });
    const configFile = join(repo, 'config');
    if (!existsSync(configFile)) {
      await promisify(execFile)(binary, ['init', '--empty-repo', '--profile', 'server'], { env });
    }
    const port = await freePort();
    const config = JSON.parse(readFileSync(configFile, 'utf8')) as Record<string, unknown>;
    writeFileSync(configFile, JSON.stringify({ ...config, ...quiet(port) }, null, 2));
    const url = `http://127.0.0.1:${port}`;
    return launch(
      {
        name: 'ipfs',
        url,
        command: binary,
        args: ['daemon', '--offline', '--migrate=false'],
        env,
        ready: () => answers(`${url}/api/v0/version`, 'POST'),
      },
      options,
    );
  },
};
