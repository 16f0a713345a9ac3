// Fills the cache folder with what the native parts need: Kafka's jars, the registry, Kubo. Plain JavaScript without npm
// modules, because `cli/start.mjs` runs it beside `npm install` in a fresh clone.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, readFileSync, realpathSync } from 'node:fs';
import { access, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { root } from './root.mjs';

const recipes = join(root, 'stack');
const REGISTRY = 'apicurio-registry-app-2.6.13.Final';
const REGISTRY_ARTIFACT = 'io.apicurio:apicurio-registry-app:2.6.13.Final:tar.gz:all';
/** Oldest `ipfs` on the PATH that is used instead of a build. */
const KUBO_AT_LEAST = [0, 30];

export function cacheFolder() {
  return process.env.DDC_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cere-ddc');
}

/** Runs a tool; its output is only shown when it fails. */
function run(part, command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (cause) =>
      reject(new Error(`${part}: cannot run \`${command}\` (${cause.code}). ${need(command)}`)),
    );
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else {
        const tail = output.trim().split('\n').slice(-15).join('\n');
        reject(new Error(`${part}: \`${command} ${args.join(' ')}\` ended with ${signal ?? code}:\n${tail}`));
      }
    });
  });
}

function need(command) {
  const what = {
    mvn: 'Maven 3.8 and Java 17',
    java: 'Java 17',
    go: 'Go 1.26 (or put `ipfs` 0.30 or newer on the PATH)',
  };
  return what[command] ? `Install ${what[command]}, or point the part's variable at a running system.` : '';
}

const sha256 = (path) =>
  new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    createReadStream(path)
      .on('data', (chunk) => hash.update(chunk))
      .on('end', () => resolve(hash.digest('hex')))
      .on('error', reject);
  });

/** Every file of the list is there with its sum, and nothing else is. */
async function verify(part, folder, list) {
  const expected = new Map(
    readFileSync(list, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  );
  for (const name of await readdir(folder)) {
    if (!expected.has(name)) throw new Error(`${part}: ${name} was downloaded but is not in ${basename(list)}`);
  }
  for (const [name, sum] of expected) {
    const actual = await sha256(join(folder, name));
    if (actual !== sum)
      throw new Error(`${part}: ${name} has sha256 ${actual}, expected ${sum}; remove it from the Maven repository`);
  }
}

/** A lock between processes and clones: its holder touches it; one not touched for 20 s belongs to a dead process. */
export async function locked(cache, name, work) {
  const lock = join(cache, `.lock-${name}`);
  await mkdir(cache, { recursive: true });
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const age = await stat(lock).then(
        (found) => Date.now() - found.mtimeMs,
        () => 0,
      );
      if (age > 20_000) await rm(lock, { recursive: true, force: true });
      else await wait(300);
    }
  }
  const touch = setInterval(() => utimes(lock, new Date(), new Date()).catch(() => clearInterval(touch)), 2_000);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(lock, { recursive: true, force: true });
  }
}

/** `<cache>/<key>`, made by `make(folder)` in a temporary folder and renamed, so that it is complete or absent. */
export async function cached(key, lock, make) {
  const cache = cacheFolder();
  const target = join(cache, key);
  const there = () =>
    access(target).then(
      () => true,
      () => false,
    );
  if (await there()) return target;
  return locked(cache, lock, async () => {
    if (await there()) return target;
    const draft = join(cache, `.draft-${key}-${randomUUID()}`);
    await mkdir(draft, { recursive: true });
    try {
      await make(draft);
      await rename(draft, target);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    return target;
  });
}

/** A cache key that changes with the pinned sources. */
const keyOf = (name, ...files) => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return `${name}-${hash.digest('hex').slice(0, 12)}`;
};

/**
 * What a pom needs to run. The folder of the recipe, relative to the project, has `pom.xml`, and `jars.sha256` with the sum of each.
 * @returns the folder with the jars
 */
export function prepareJars(name, recipe, progress = () => {}) {
  const [pom, sums] = ['pom.xml', 'jars.sha256'].map((file) => join(root, recipe, file));
  return cached(keyOf(name, pom, sums), 'maven', async (folder) => {
    progress(name, 'downloading jars');
    const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
    await run(name, 'mvn', ['-q', '-B', '-f', pom, ...copy]);
    await verify(name, folder, sums);
  });
}

/** @returns the folder with Kafka's jars. */
export const prepareKafka = (progress) => prepareJars('kafka', 'stack/kafka', progress);

/** @returns the folder with the registry's runner jar and `lib/`. */
export function prepareRegistry(progress = () => {}) {
  return cached(keyOf(REGISTRY, join(recipes, 'registry/archive.sha256')), 'maven', async (folder) => {
    progress('registry', 'downloading');
    const pom = join(recipes, 'kafka/pom.xml');
    const copy = ['dependency:copy', `-Dartifact=${REGISTRY_ARTIFACT}`, `-DoutputDirectory=${folder}`];
    await run('registry', 'mvn', ['-q', '-B', '-f', pom, ...copy]);
    await verify('registry', folder, join(recipes, 'registry/archive.sha256'));
    const archive = join(folder, `${REGISTRY}-all.tar.gz`);
    await run('registry', 'tar', ['xzf', archive, '-C', folder]);
    await rm(archive);
  });
}

/** No part of the stack: a target of exports, for its tests. @returns the folder with OpenSearch's jars. */
export const prepareOpenSearch = (progress) => prepareJars('opensearch', 'stack/opensearch', progress);

/** @returns the `ipfs` binary: from the PATH when new enough, built from the pinned module otherwise. */
export async function prepareKubo(progress = () => {}) {
  const found = await run('ipfs', 'ipfs', ['version', '--number']).catch(() => '');
  const [major = 0, minor = 0] = found.trim().split('.').map(Number);
  if (major > KUBO_AT_LEAST[0] || (major === KUBO_AT_LEAST[0] && minor >= KUBO_AT_LEAST[1])) return 'ipfs';
  const sources = ['go.mod', 'go.sum', 'main.go'].map((file) => join(recipes, 'ipfs', file));
  const folder = await cached(keyOf('kubo', ...sources), 'kubo', async (draft) => {
    progress('ipfs', 'building Kubo with Go (3 minutes the first time)');
    const build = ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', join(draft, 'ipfs'), '.'];
    await run('ipfs', 'go', build, { cwd: join(recipes, 'ipfs') });
  });
  return join(folder, 'ipfs');
}

/**
 * Everything at once.
 * @param {(part: string, state: string) => void} progress
 */
export async function prepareAll(progress = () => {}) {
  const timed = async (name, make) => {
    const from = performance.now();
    const result = await make(progress);
    progress(name, `prepared (${((performance.now() - from) / 1000).toFixed(1)} s)`);
    return result;
  };
  const jars = async () => [await timed('kafka', prepareKafka), await timed('registry', prepareRegistry)];
  await Promise.all([jars(), timed('ipfs', prepareKubo)]);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await prepareAll((part, state) => process.stderr.write(`${part}: ${state}\n`));
}
