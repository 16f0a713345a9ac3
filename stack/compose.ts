import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Part, type RunningPart, StackError, type StartOptions } from './part.ts';
import { freePort } from './port.ts';
import { root } from './root.mjs';

const run = promisify(execFile);
const composeFile = join(root, 'docker-compose.yml');

/** A part as a service of `docker-compose.yml`, in a project of its own with ports and volumes of its own. */
export async function startInCompose(part: Part, project: string, { keeper }: StartOptions): Promise<RunningPart> {
  const port = await freePort();
  const env = { ...process.env, [`DDC_${part.name.toUpperCase()}_PORT`]: String(port) };
  const own = `${project}-${part.name}`;
  const compose = async (...args: string[]): Promise<void> => {
    const command = ['compose', '-p', own, '-f', composeFile, ...args];
    await run('docker', command, { env, maxBuffer: 16 * 1024 * 1024 }).catch(async (error: { stderr?: string }) => {
      const logs = ['compose', '-p', own, '-f', composeFile, 'logs', '--tail', '30', part.name];
      const tail = await run('docker', logs, { env }).then(
        ({ stdout }) => stdout,
        () => '',
      );
      throw new StackError(part.name, `docker ${command.join(' ')}: ${error.stderr ?? String(error)}`, tail);
    });
  };
  keeper.atDeath(['docker', 'compose', '-p', own, 'down', '--volumes', '--timeout', '5']);
  const up = (): Promise<void> => compose('up', '--detach', '--wait', '--no-deps', part.name);
  try {
    await up();
  } catch (error) {
    await compose('down', '--volumes', '--timeout', '5').catch(() => undefined);
    throw error;
  }
  let runs = true;
  return {
    name: part.name,
    way: 'compose',
    url: part.url(`127.0.0.1:${port}`),
    pid: () => null,
    async stop() {
      if (!runs) return;
      runs = false;
      await compose('down', '--volumes');
    },
    kill: () => compose('kill', '--signal', 'SIGKILL', part.name),
    async restart() {
      await compose('stop', part.name);
      await up();
    },
  };
}
