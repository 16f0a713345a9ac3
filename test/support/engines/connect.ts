import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../../stack/port.ts';
import { prepareJars } from '../../../stack/prepare.mjs';
import { root } from '../../../stack/root.mjs';

const HERE = 'examples/connect';
/** What each file of `examples/connect` needs beside the converter. */
const PLUGIN = { 'jdbc-sink': 'debezium', 'iceberg-sink': 'iceberg' } as const;
/** Quick to start, and small: nothing here is measured. */
const JVM = ['-Xmx768m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
const POLL_MS = 500;
/** After a kill, members of groups are taken for alive for 45 s; the rest is for a busy machine. */
const PATIENCE_MS = 480_000;
/** A task is given this much to say why it failed. */
const MOST_SHOWN = 6_000;

export interface ConnectorOptions {
  /** Which of the files of `examples/connect`. */
  readonly file: keyof typeof PLUGIN;
  /** Said after what the file says. `name`, at least: it is the consumer group, and suites share a broker. */
  readonly over: Readonly<Record<string, string>> & { readonly name: string };
}

/** A worker of Kafka Connect, standalone, of this process. */
export interface RunningConnect {
  /** Waits for it, as long as the worker runs and no task has failed. @throws with what the task or the worker says */
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** Starts it again with what it had stored. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a worker with the configurations of `examples/connect` as they are shipped; jars are fetched when they are not there.
 * @param env the variables that they name, `CONNECT_PORT` aside: see `examples/connect/README.md`
 */
export async function startConnect(
  connectors: readonly ConnectorOptions[],
  env: Readonly<Record<string, string>>,
): Promise<RunningConnect> {
  const runtime = await jarsOf('runtime');
  const folder = await mkdtemp(join(tmpdir(), 'ddc-connect-'));
  await mkdir(join(folder, 'plugins'));
  for (const plugin of new Set(['converter', ...connectors.map(({ file }) => PLUGIN[file])]))
    await symlink(await jarsOf(plugin), join(folder, 'plugins', plugin));
  const files = await Promise.all(connectors.map((one, n) => written(folder, n, one)));
  const port = await freePort();
  const main = ['org.apache.kafka.connect.cli.ConnectStandalone', join(root, HERE, 'worker.properties'), ...files];
  const logFile = join(folder, 'log');
  let child: ChildProcess;

  function start(): void {
    const log = createWriteStream(logFile, { flags: 'a' });
    child = spawn('java', [...JVM, '-cp', join(runtime, '*'), ...main], {
      cwd: folder,
      env: { ...process.env, ...env, CONNECT_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.once('close', () => log.end());
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  const tail = async () => (await readFile(logFile, 'utf8')).slice(-MOST_SHOWN);

  /** What is wrong, as far as anybody says so. */
  async function complaint(): Promise<string | null> {
    if (child.exitCode !== null) return `the worker ended:\n${await tail()}`;
    for (const { over } of connectors) {
      const answer = await fetch(`http://127.0.0.1:${port}/connectors/${over.name}/status`).catch(() => null);
      if (!answer?.ok) continue; // Not there yet.
      const { connector, tasks } = (await answer.json()) as { connector: Said; tasks: readonly Said[] };
      const failed = [connector, ...tasks].find(({ state }) => state === 'FAILED');
      if (failed) return `${over.name} failed:\n${failed.trace?.slice(0, MOST_SHOWN)}`;
    }
    return null;
  }

  start();
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  return {
    async until(what, holds) {
      const deadline = performance.now() + PATIENCE_MS;
      while (!(await holds())) {
        const late = performance.now() > deadline ? `nothing came of it:\n${await tail()}` : null;
        const problem = late ?? (await complaint());
        if (problem) throw new Error(`while waiting until ${what}: ${problem}`);
        await wait(POLL_MS);
      }
    },
    kill,
    async restart() {
      await kill();
      start();
    },
    async close() {
      process.off('exit', endWithUs);
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Said {
  readonly state: string;
  readonly trace?: string;
}

const jarsOf = (name: string): Promise<string> =>
  prepareJars(`connect-${name}`, `${HERE}/jars/${name}`, (part, state) => process.stderr.write(`${part}: ${state}\n`));

async function written(folder: string, n: number, { file, over }: ConnectorOptions): Promise<string> {
  const path = join(folder, `${file}-${n}.properties`);
  const said = await readFile(join(root, HERE, `${file}.properties`), 'utf8');
  const lines = Object.entries(over).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(path, `${said}\n${lines.join('')}`);
  return path;
}
