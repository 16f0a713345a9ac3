import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../stack/port.ts';
import { answers } from '../../stack/probe.ts';
import { prepareVersitygw } from './prepared.mjs';

const KEY = 'ddc-tests';
const SECRET = 'no-secret-at-all';

/** An S3 store of this process, on 127.0.0.1, with one bucket. */
export interface S3 {
  readonly endpoint: string;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly bucket: string;
  /** `http://<key>:<secret>@<host>:<port>/<bucket>` */
  readonly url: string;
  pid(): number;
  /** Ends it at once, and starts it again with what it had stored. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startS3(): Promise<S3> {
  const program = await prepareVersitygw();
  const folder = await mkdtemp(join(tmpdir(), 'ddc-s3-store-'));
  const [objects, attributes] = [join(folder, 'objects'), join(folder, 'attributes')];
  const bucket = 'exports';
  await mkdir(join(objects, bucket), { recursive: true });
  await mkdir(attributes);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const flags = ['--port', `127.0.0.1:${port}`, '--health', '/health', '--access', KEY, '--secret', SECRET, '--quiet'];
  let child: ChildProcess;

  async function start(): Promise<void> {
    // Not every file system keeps attributes: they are files of their own.
    child = spawn(program, [...flags, 'posix', '--sidecar', attributes, objects], { stdio: 'ignore' });
    while (!(await answers(`${endpoint}/health`))) {
      if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
      await wait(50);
    }
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  await start();
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  return {
    endpoint,
    keys: { accessKeyId: KEY, secretAccessKey: SECRET },
    bucket,
    url: `http://${KEY}:${SECRET}@127.0.0.1:${port}/${bucket}`,
    pid: () => child.pid ?? 0,
    kill,
    async restart() {
      await kill();
      await start();
    },
    async close() {
      process.off('exit', endWithUs);
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
