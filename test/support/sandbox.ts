import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Deployment, openStores, type Stores } from '../../cli/census/stores.ts';
import { sandboxCast } from '../../cli/demo/cast.ts';
import { deploymentOf } from '../../cli/sandbox/deployment.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../cli/sandbox/sandbox.ts';
import { createRequests } from '../../connectors/postgres/requests.ts';
import { type KeyPair, ready, toHex } from '../../protocol/index.ts';
import { root } from '../../stack/root.mjs';
import { startStack } from '../../stack/stack.ts';
import { allowExport } from './allow-export.ts';
import { type Suite, suite } from './stack.ts';

/** Every room as its own process, in a suite's corner of the running stack. */
export interface SuiteSandbox {
  readonly suite: Suite;
  readonly sandbox: Sandbox;
  readonly deployment: Deployment;
  readonly stores: Stores;
  /** Public key of the app that takes writes without a token. */
  readonly app: Uint8Array;
  /** These wallets let the exports of the app read these scopes. */
  allow(wallets: readonly { readonly keyPair: KeyPair }[], scopes?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** What a process that this one starts should not inherit from jest. */
const OUTSIDE_JEST = { NODE_ENV: '', NODE_OPTIONS: '', JEST_WORKER_ID: '' } as const;

/** Starts the rooms on the stack of all suites, with topics, database, operator and export folder of their own. */
export async function suiteSandbox(
  label: string,
  options: Pick<SandboxOptions, 'env' | 'roomEnv' | 'rooms'> = {},
): Promise<SuiteSandbox> {
  await ready();
  const corner = await suite(label, { pots: 1 });
  const stack = await startStack({ folder: corner.folder, given: { ...corner.env, DDC_STACK: 'native' } });
  let sandbox: Sandbox | undefined;
  try {
    const env = { ...corner.env, ...OUTSIDE_JEST, DDC_ROUND_SECONDS: '2', ...options.env };
    sandbox = await startSandbox({ ...options, folder: corner.folder, stack, env });
    const rooms = sandbox;
    // A room that ends by itself is what a test wants to know when nothing answers any more.
    rooms.rooms.on('exit', ({ room, code, signal }) => {
      if (code === 0 || signal === 'SIGTERM' || signal === 'SIGKILL') return;
      const tail = readFileSync(rooms.rooms.logFile(room), 'utf8').split('\n').slice(-12).join('\n');
      process.stderr.write(`${room} ended with ${signal ?? code}:\n${tail}\n`);
    });
    const deployment = deploymentOf(rooms);
    const stores = await openStores(deployment);
    const { app } = await sandboxCast();
    return {
      suite: corner,
      sandbox: rooms,
      deployment,
      stores,
      app: app.publicKey,
      async allow(wallets, scopes = ['purchase', 'profile']) {
        const requests = createRequests(stores.database, () => {
          throw new Error('a policy makes no root');
        });
        const hex = toHex(app.publicKey);
        for (const { keyPair } of wallets) await allowExport(requests, hex, keyPair, 'ed25519', scopes);
      },
      async close() {
        await stores.close();
        await rooms.stop();
        await stack.stop();
        await corner.close();
      },
    };
  } catch (error) {
    await sandbox?.stop();
    await stack.stop();
    await corner.close();
    throw error;
  }
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ddc` as a process of its own, with this environment on top of the test's. */
export function ddc(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
  const main = join(root, 'cli/ddc.mjs');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, ...OUTSIDE_JEST, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
