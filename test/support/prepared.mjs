// What some suites need beside the stack: a real Chromium, the other Node that the SDK runs under, schemathesis, and an S3 store. Plain JavaScript, because
// `test/run.mjs` fetches them while the stack is prepared; a suite that is run alone fetches what it needs itself.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cached, cacheFolder, locked } from '../../stack/prepare.mjs';
import { root } from '../../stack/root.mjs';

/** The Node beside the one that runs the tests; the npm package `node` carries it. */
export const OTHER_NODE = '22.23.3';
/** Of PyPI. */
const SCHEMATHESIS = '4.32.5';
const SQLGLOT = '30.30.0';
const PYSPARK = '3.5.9';
const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome'];
/** apt waits so long for another apt. */
const LOCK_SECONDS = 300;
const toStderr = (part, state) => process.stderr.write(`${part}: ${state}\n`);

/** Runs a tool to its end; what it printed is only shown when it fails. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-20_000);
      });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`\`${command} ${args.join(' ')}\` ended with ${code}:\n${output}`));
    });
  });
}

async function onPath(names) {
  for (const name of names)
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const file = join(folder, name);
      const runs = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (runs) return file;
    }
  return null;
}

/**
 * A Chromium: `DDC_CHROMIUM`, the one on the PATH, or Debian's, installed when this is root. Two callers at once install it once.
 * @returns its path
 */
export async function prepareChromium(say = toStderr) {
  const found = process.env.DDC_CHROMIUM || (await onPath(CHROMIUMS));
  if (found) return found;
  if (process.getuid?.() !== 0)
    throw new Error('There is no Chromium: install the package `chromium`, or set DDC_CHROMIUM to the path of one.');
  await locked(cacheFolder(), 'apt', async () => {
    if (await onPath(CHROMIUMS)) return;
    say('chromium', 'installing the Debian package');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const wait = ['-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`];
    await run('apt-get', [...wait, 'update'], { env });
    await run('apt-get', [...wait, 'install', '-y', '--no-install-recommends', 'chromium'], { env });
    say('chromium', 'installed');
  });
  const installed = await onPath(CHROMIUMS);
  if (!installed) throw new Error('The package `chromium` is installed, and there is no chromium on the PATH.');
  return installed;
}

/** Node 22 from npm, in the cache folder. @returns the path of the program */
export async function prepareOtherNode(say = toStderr) {
  const key = `node-${OTHER_NODE}-${process.platform}-${process.arch}`;
  const folder = await cached(key, 'node', async (draft) => {
    say('node', `fetching ${OTHER_NODE}`);
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
    await run('npm', ['install', '--prefix', draft, ...quiet, `node@${OTHER_NODE}`], { cwd: draft });
  });
  return join(folder, 'node_modules/node/bin/node');
}

/** A package from PyPI, in the cache folder, for the python3 on the PATH. */
async function preparePython(name, version, say) {
  const python = process.env.DDC_PYTHON || (await onPath(['python3']));
  if (!python)
    throw new Error(
      'There is no python3: install Python 3.10 or newer with pip, or set DDC_PYTHON to the path of one.',
    );
  // Compiled parts are for one version of Python.
  const tag = (await run(python, ['-c', 'import sys; print(sys.implementation.cache_tag, end="")'])).trim();
  const key = `${name}-${version}-${tag}-${process.platform}-${process.arch}`;
  const folder = await cached(key, name, async (draft) => {
    say(name, `fetching ${version}`);
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--root-user-action=ignore'];
    await run(python, ['-m', 'pip', 'install', ...quiet, '--target', draft, `${name}==${version}`]);
  });
  return { python, folder };
}

/** @returns what to start schemathesis with: the program, and the folder for `PYTHONPATH` */
export const prepareSchemathesis = (say = toStderr) => preparePython('schemathesis', SCHEMATHESIS, say);

/** @returns what to parse SQL of Hive and Athena with: the program, and the folder for `PYTHONPATH` */
export const prepareSqlglot = (say = toStderr) => preparePython('sqlglot', SQLGLOT, say);

/** @returns what to start Spark with: the program, and the folder for `PYTHONPATH`, in which `pyspark` is Spark's own */
export const preparePySpark = (say = toStderr) => preparePython('pyspark', PYSPARK, say);

/**
 * versitygw, an S3 store that keeps objects as files, built with Go from the pinned module into the cache folder.
 * @returns the path of the program
 */
export async function prepareVersitygw(say = toStderr) {
  const module = join(root, 'test/support/versitygw');
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(module, file)));
  const key = `versitygw-${hash.digest('hex').slice(0, 12)}-${process.platform}-${process.arch}`;
  const folder = await cached(key, 'versitygw', async (draft) => {
    say('versitygw', 'building with Go (2 minutes the first time)');
    const build = ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', join(draft, 'versitygw')];
    await run('go', [...build, 'github.com/versity/versitygw/cmd/versitygw'], { cwd: module });
  });
  return join(folder, 'versitygw');
}
