import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../stack/port.ts';
import { prepareOpenSearch } from '../../stack/prepare.mjs';
import { answers } from '../../stack/probe.ts';
import { root } from '../../stack/root.mjs';

/** Quick to start, and small: nothing here is measured. */
const JVM = ['-Xms512m', '-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** One node of OpenSearch of this process, on 127.0.0.1. */
export interface RunningOpenSearch {
  readonly url: string;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** Starts it again with what it had stored. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startOpenSearch(): Promise<RunningOpenSearch> {
  const libs = join(await prepareOpenSearch((part, state) => process.stderr.write(`${part}: ${state}\n`)), '*');
  const folder = await mkdtemp(join(tmpdir(), 'ddc-opensearch-'));
  const [http, transport] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const launcher = join(root, 'stack/opensearch/Launcher.java');
  const args = [...JVM, '-cp', libs, launcher, String(http), String(transport), join(folder, 'node')];
  const logFile = join(folder, 'log');
  let child: ChildProcess;

  async function start(): Promise<void> {
    const log = createWriteStream(logFile, { flags: 'a' });
    // It ends with its standard input, and that ends with this process, however that goes.
    child = spawn('java', args, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdout?.pipe(log);
    child.stderr?.pipe(log);
    while (!(await answers(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`))) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`OpenSearch ended while starting:\n${(await readFile(logFile, 'utf8')).slice(-4_000)}`);
      await wait(100);
    }
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  await start();
  return {
    url,
    kill,
    async restart() {
      await kill();
      await start();
    },
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
